// Package examples_test builds and runs the examples as their readers would.
package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// copyModule copies an example that is a module of its own, so that the go command can complete its go.mod without
// touching the tree, and points it at this checkout.
func copyModule(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "go", "mod", "edit", "-replace=github.com/hfbot/hfbot="+root)
	return dir
}

// run runs a command in dir and returns what it printed.
func run(t *testing.T, dir string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false -trimpath", "GOWORK=off", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestCustomAction builds and runs the bot of the example. `make test` runs the tests of its module.
func TestCustomAction(t *testing.T) {
	t.Parallel()
	dir := copyModule(t, "custom-action")
	run(t, dir, "go", "build", "-o", "bot", ".")
	bot := filepath.Join(dir, "bot")
	if out := run(t, dir, bot, "actions", "acme.size"); !strings.Contains(out, "Add up the files of a repository.") {
		t.Errorf("the bot does not know its own action:\n%s", out)
	}
	if out := run(t, dir, bot, "actions"); !strings.Contains(out, "acme.size") || !strings.Contains(out, "hub.comment") {
		t.Errorf("the catalogue lacks an action:\n%s", out)
	}
	run(t, dir, bot, "check", "rules.yaml")
}
