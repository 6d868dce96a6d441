package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/actions"
)

// hfbotModule is the module of this program.
const hfbotModule = "github.com/hfbot/hfbot"

func newBuild() *cobra.Command {
	b := builder{}
	var with []string
	c := &cobra.Command{
		Use: "build --with MODULE@VERSION[=DIR]", Short: "Compile a bot with actions of other Go modules",
		Long: `Compiles hfbot with the actions it ships and those of the given packages, into one static binary. MODULE is the import
path of the package that registers the actions. With =DIR the module is taken from a folder, and needs no version.
It needs the Go toolchain.`,
		Example: "  hfbot build --with example.org/greet@v1.2.0\n  hfbot build --with example.org/greet/greet=. --output my-bot",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if len(with) == 0 {
				return usageErrorf("name at least one module with --with")
			}
			for _, text := range with {
				m, err := parseModule(text)
				if err != nil {
					return err
				}
				b.modules = append(b.modules, m)
			}
			b.log = c.ErrOrStderr()
			return b.build(c.Context(), c.OutOrStdout())
		},
	}
	c.Flags().StringArrayVar(&with, "with", nil,
		"package with actions, as MODULE@VERSION, MODULE=DIR or MODULE@VERSION=DIR; may be repeated")
	c.Flags().StringVarP(&b.output, "output", "o", "hfbot", "file to write")
	c.Flags().StringVar(&b.hfbot, "hfbot", "", "version of hfbot, or a folder with its source; by default this binary's own version")
	c.Flags().BoolVarP(&b.verbose, "verbose", "v", false, "print the commands")
	return c
}

// plugin is a package with actions.
type plugin struct {
	path    string // import path
	version string // may be empty
	dir     string // of its module; empty: from the module proxy
}

// parseModule reads MODULE[@VERSION][=DIR].
func parseModule(text string) (plugin, error) {
	text, dir, replaced := strings.Cut(text, "=")
	path, version, versioned := strings.Cut(text, "@")
	switch {
	case path == "" || strings.HasPrefix(path, "-") || strings.ContainsAny(path, " \t\"\\`\n"):
		return plugin{}, usageErrorf("--with %q names no Go package", text)
	case versioned && version == "", replaced && dir == "":
		return plugin{}, usageErrorf("--with %q is not whole: want MODULE@VERSION, MODULE=DIR or MODULE@VERSION=DIR", text)
	}
	return plugin{path, version, dir}, nil
}

// builder compiles a bot.
type builder struct {
	modules []plugin
	hfbot   string // version or folder
	output  string
	verbose bool
	log     io.Writer
	dir     string // of the module that is made up
}

// build makes a module of a main.go, has the go command complete and compile it, and asks the result for its actions.
func (b *builder) build(ctx context.Context, w io.Writer) (err error) {
	if b.output, err = filepath.Abs(b.output); err != nil {
		return err
	}
	if info, err := os.Stat(b.output); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder: name the file to write with --output", b.output)
	}
	if b.dir, err = os.MkdirTemp("", "hfbot-build-*"); err != nil {
		return fmt.Errorf("make a folder to build in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := os.WriteFile(filepath.Join(b.dir, "main.go"), b.source(), 0o600); err != nil {
		return fmt.Errorf("write main.go: %w", err)
	}
	if err := b.goCommand(ctx, "mod", "init", "hfbot.invalid/bot"); err != nil {
		return err
	}
	fmt.Fprintln(b.log, "fetching the modules it needs …")
	if err := b.takeHfbot(ctx); err != nil {
		return err
	}
	for _, m := range b.modules {
		if err := b.take(ctx, m); err != nil {
			return err
		}
	}
	if err := b.goCommand(ctx, "mod", "tidy"); err != nil {
		return err
	}
	fmt.Fprintln(b.log, "compiling "+b.output+" …")
	if err := b.goCommand(ctx, "build", "-trimpath", "-ldflags=-s -w", "-o", b.output, "."); err != nil {
		return err
	}
	return b.tell(ctx, w)
}

// source is the main.go of the bot.
func (b *builder) source() []byte {
	var s bytes.Buffer
	s.WriteString("package main\n\nimport (\n\t\"os\"\n\n")
	for _, m := range b.modules {
		fmt.Fprintf(&s, "\t_ %q\n", m.path)
	}
	fmt.Fprintf(&s, "\n\t_ %q\n\t%q\n)\n\nfunc main() { os.Exit(cmd.Main()) }\n", hfbotModule+"/actions/builtin", hfbotModule+"/cmd")
	return s.Bytes()
}

// takeHfbot says which hfbot is compiled: a folder's, a version, or the one that this binary was made from.
func (b *builder) takeHfbot(ctx context.Context) error {
	from := b.hfbot
	if info, ok := debug.ReadBuildInfo(); ok && from == "" {
		from = versionOf(info)
	}
	if from == "" {
		return errors.New("this binary was not built from a released version: give --hfbot VERSION or --hfbot DIR, " +
			"a folder with hfbot's source")
	}
	info, err := os.Stat(from)
	if err != nil || !info.IsDir() {
		return b.goCommand(ctx, "mod", "edit", "-require="+hfbotModule+"@"+from)
	}
	root, module, err := findModule(ctx, from)
	if err != nil {
		return err
	}
	if module != hfbotModule {
		return fmt.Errorf("--hfbot %s holds the module %s, not %s", from, module, hfbotModule)
	}
	// The sums are known there, so that nothing has to be looked up that was looked up before.
	if sums, err := os.ReadFile(filepath.Join(root, "go.sum")); err == nil {
		if err := os.WriteFile(filepath.Join(b.dir, "go.sum"), sums, 0o600); err != nil {
			return fmt.Errorf("write go.sum: %w", err)
		}
	}
	return b.goCommand(ctx, "mod", "edit", "-require="+hfbotModule+"@v0.0.0", "-replace="+hfbotModule+"="+root)
}

// versionOf is the released version of hfbot that a binary has in it, as itself or as a library.
func versionOf(info *debug.BuildInfo) string {
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == hfbotModule && m.Replace == nil && strings.HasPrefix(m.Version, "v") && !strings.Contains(m.Version, "+dirty") {
			return m.Version
		}
	}
	return ""
}

// take adds a package with actions.
func (b *builder) take(ctx context.Context, m plugin) error {
	if m.dir == "" {
		version := m.version
		if version == "" {
			version = "latest"
		}
		return b.goCommand(ctx, "get", m.path+"@"+version)
	}
	root, module, err := findModule(ctx, m.dir)
	if err != nil {
		return err
	}
	if m.path != module && !strings.HasPrefix(m.path, module+"/") {
		return fmt.Errorf("--with %s=%s: the folder holds the module %s", m.path, m.dir, module)
	}
	if m.version == "" {
		m.version = "v0.0.0"
	}
	return b.goCommand(ctx, "mod", "edit", "-require="+module+"@"+m.version, "-replace="+module+"="+root)
}

// goCommand runs the go command in the folder. What it prints is shown when it fails.
func (b *builder) goCommand(ctx context.Context, args ...string) error {
	if b.verbose {
		fmt.Fprintln(b.log, "go "+strings.Join(args, " "))
	}
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = b.dir
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false")
	out, err := c.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("hfbot build needs the Go toolchain, go 1.26 or later, in PATH (https://go.dev/doc/install)")
	}
	if err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// tell asks the new binary for its actions and tells which it has more than this one.
func (b *builder) tell(ctx context.Context, w io.Writer) error {
	out, err := exec.CommandContext(ctx, b.output, "actions", "--format", "json").Output()
	if err != nil {
		fmt.Fprintf(w, "built %s, which cannot run here\n", b.output)
		return nil //nolint:nilerr // it was compiled for another machine
	}
	var catalogue actions.Catalogue
	if err := json.Unmarshal(out, &catalogue); err != nil {
		return fmt.Errorf("%s does not list its actions: %w", b.output, err)
	}
	var more []string
	for _, a := range catalogue.Actions {
		if _, known := actions.Default.Get(a.ID); !known {
			more = append(more, a.ID)
		}
	}
	slices.Sort(more)
	if len(more) == 0 {
		return fmt.Errorf("%s has no action more than this hfbot: the packages of --with register none", b.output)
	}
	fmt.Fprintf(w, "built %s with %d actions, among them %s\n", b.output, len(catalogue.Actions), strings.Join(more, ", "))
	return nil
}
