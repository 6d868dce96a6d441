package cmd

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

//go:embed newaction/*.tmpl
var newActionFiles embed.FS

// newActionName is the id of an action of one's own: a namespace and a name.
var newActionName = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`)

// newAction is what the templates are filled with.
type newAction struct {
	ID, Package, Type string
	folder            string // made for it
	module            string // that it belongs to
}

func newActionsNew() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "new NAME", Short: "Write a new action with its test, into a Go module of yours",
		Long: `Writes an action named NAME, such as acme.greet, with its test and a rule that uses it, into a folder of the Go module
in the current folder. The action works as it is: change it step by step.`,
		Example: "  go mod init example.org/greet\n  hfbot actions new acme.greet\n  go mod tidy && go test ./...",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return writeNewAction(c.Context(), c.OutOrStdout(), dir, args[0])
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "folder inside a Go module")
	return c
}

// writeNewAction writes the files, or none.
func writeNewAction(ctx context.Context, w io.Writer, dir, id string) error {
	if !newActionName.MatchString(id) {
		return usageErrorf("%q is no name for an action: it needs a namespace of yours, a dot and a name, "+
			"such as acme.greet or acme.shout_it, of small letters, digits and _, without -", id)
	}
	_, name, _ := strings.Cut(id, ".")
	a := newAction{ID: id, Package: strings.ReplaceAll(name, "_", ""), Type: camelCase(name)}
	if token.IsKeyword(a.Package) || a.Package == "main" || a.Package == "actions" || a.Package == "fmt" || a.Package == "context" {
		return usageErrorf("%q cannot name a Go package: choose another word after the dot", name)
	}
	if token.IsKeyword(a.Type) || a.Type == "input" || a.Type == "output" {
		a.Type += "Action"
	}
	var err error
	if a.module, err = moduleOf(ctx, dir); err != nil {
		return err
	}
	a.folder = filepath.Join(dir, a.Package)
	if _, err := os.Lstat(a.folder); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: nothing is written", a.folder)
	}
	files, err := a.files()
	if err != nil {
		return err
	}
	if err := os.Mkdir(a.folder, 0o755); err != nil {
		return fmt.Errorf("make the action's folder: %w", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(a.folder, f.name), f.content, 0o644); err != nil {
			return fmt.Errorf("write the action: %w", err)
		}
		fmt.Fprintln(w, "wrote "+filepath.Join(a.folder, f.name))
	}
	fmt.Fprintf(w, "\nNext:\n  go mod tidy\n  go test ./%s\n  hfbot build --with %s=.\n  ./hfbot actions %s\n  ./hfbot dev %s\n",
		a.Package, a.module+"/"+a.Package, a.ID, filepath.Join(a.Package, "rules.yaml"))
	return nil
}

// newFile is a file to write.
type newFile struct {
	name    string
	content []byte
}

// files fills the templates.
func (a newAction) files() ([]newFile, error) {
	var files []newFile
	for _, name := range [][2]string{
		{"action.go.tmpl", a.Package + ".go"}, {"action_test.go.tmpl", a.Package + "_test.go"}, {"rules.yaml.tmpl", "rules.yaml"},
	} {
		from, to := name[0], name[1]
		t, err := template.ParseFS(newActionFiles, "newaction/"+from)
		if err != nil {
			return nil, fmt.Errorf("read the template %s: %w", from, err)
		}
		var b bytes.Buffer
		if err := t.Execute(&b, a); err != nil {
			return nil, fmt.Errorf("fill the template %s: %w", from, err)
		}
		files = append(files, newFile{to, b.Bytes()})
	}
	return files, nil
}

// camelCase is the Go spelling of a name with underscores.
func camelCase(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words {
		if i > 0 && word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}

// moduleOf is the path of the Go module that a folder is in, with the folder's place below it.
func moduleOf(ctx context.Context, dir string) (string, error) {
	root, module, err := findModule(ctx, dir)
	if err != nil {
		return "", err
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if whole, err = filepath.EvalSymlinks(whole); err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	below, err := filepath.Rel(root, whole)
	if err != nil || below == "." {
		return module, err
	}
	return module + "/" + filepath.ToSlash(below), nil
}

// findModule finds the Go module that a folder is in: its root and its path.
func findModule(ctx context.Context, dir string) (root, module string, err error) {
	c := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}}\n{{.Dir}}")
	c.Dir = dir
	c.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", "", errors.New("this needs the Go toolchain, go 1.26 or later, in PATH (https://go.dev/doc/install)")
	}
	if err != nil {
		return "", "", fmt.Errorf("find the Go module of %s: %s", dir, strings.TrimSpace(stderr.String()))
	}
	module, root, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	if root == "" || module == "command-line-arguments" || strings.Contains(root, "\n") {
		return "", "", fmt.Errorf("%s is in no Go module: run `go mod init example.org/my-actions` first, with a path of yours", dir)
	}
	return root, module, nil
}
