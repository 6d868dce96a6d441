package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// goIn runs the go command in a folder.
func goIn(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false -trimpath", "GOWORK=off", "CGO_ENABLED=0") // as hfbot build, so that little is compiled twice
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// root is the folder of this module.
func moduleRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// TestNewActionIsBuiltIn goes the way of docs/plugins.md: a module, a new action, its test, a bot with it and with that
// of another module.
func TestNewActionIsBuiltIn(t *testing.T) {
	t.Parallel()
	root, dir := moduleRoot(t), t.TempDir()
	goIn(t, dir, "mod", "init", "example.org/greetings")
	goIn(t, dir, "mod", "edit", "-require="+hfbotModule+"@v0.0.0", "-replace="+hfbotModule+"="+root)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600); err != nil {
		t.Fatal(err)
	}
	made := execute(t, "actions", "new", "acme.say_hello", "--dir", dir)
	if made.code != 0 || !strings.Contains(made.stdout, "hfbot build --with example.org/greetings/sayhello=.") {
		t.Fatalf("new: %+v", made)
	}
	if again := execute(t, "actions", "new", "acme.say_hello", "--dir", dir); again.code != 1 || !strings.Contains(again.stderr, "is there already") {
		t.Errorf("a second new: %+v", again)
	}
	goIn(t, dir, "mod", "tidy")
	goIn(t, dir, "vet", "./...")
	goIn(t, dir, "test", "./...")
	bot := filepath.Join(dir, "bot")
	built := execute(t, "build", "--hfbot", root, "--output", bot, "--with", "example.org/greetings/sayhello="+dir,
		"--with", "example.org/repo-size/size@v0.1.0="+filepath.Join(root, "examples", "custom-action"))
	if built.code != 0 || !strings.Contains(built.stdout, "among them acme.say_hello, acme.size") {
		t.Fatalf("build: %+v", built)
	}
	for _, rules := range []string{filepath.Join(dir, "sayhello", "rules.yaml"), filepath.Join(root, "examples", "custom-action", "rules.yaml")} {
		c := exec.CommandContext(t.Context(), bot, "check", rules)
		c.Dir = t.TempDir()
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("check %s: %v\n%s", rules, err, out)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	root, empty := moduleRoot(t), t.TempDir()
	file := filepath.Join(empty, "bot")
	tests := map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing":        {[]string{"build"}, 2, "name at least one module"},
		"half":           {[]string{"build", "--with", "example.org/x@"}, 2, "is not whole"},
		"no package":     {[]string{"build", "--with", "-x"}, 2, "names no Go package"},
		"no module":      {[]string{"build", "-o", file, "--hfbot", root, "--with", "example.org/x=" + empty}, 1, "is in no Go module"},
		"another module": {[]string{"build", "-o", file, "--hfbot", root, "--with", "example.org/x=" + root}, 1, "the folder holds the module github.com/hfbot/hfbot"},
		"not hfbot":      {[]string{"build", "-o", file, "--hfbot", filepath.Join(root, "examples", "custom-action"), "--with", "example.org/x"}, 1, "not github.com/hfbot/hfbot"},
		"no release":     {[]string{"build", "-o", file, "--with", "example.org/x"}, 1, "give --hfbot"},
		"a folder":       {[]string{"build", "--output", empty, "--with", "example.org/x"}, 1, "is a folder"},
		"new, no name":   {[]string{"actions", "new", "greet"}, 2, "acme.greet"},
		"new, keyword":   {[]string{"actions", "new", "acme.func"}, 2, "cannot name a Go package"},
		"new, no module": {[]string{"actions", "new", "acme.greet", "--dir", empty}, 1, "go mod init"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := execute(t, test.args...)
			if got.code != test.code || !strings.Contains(got.stderr, test.want) {
				t.Errorf("%+v, want code %d and %q", got, test.code, test.want)
			}
		})
	}
}
