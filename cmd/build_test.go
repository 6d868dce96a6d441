package cmd

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// newModule makes a module that uses this checkout of hfbot.
func newModule(t *testing.T, path string) (dir string) {
	t.Helper()
	root, dir := moduleRoot(t), t.TempDir()
	goIn(t, dir, "mod", "init", path)
	goIn(t, dir, "mod", "edit", "-require="+hfbotModule+"@v0.0.0", "-replace="+hfbotModule+"="+root)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// publish puts a module on a proxy of the test's own, as a tree of files (https://go.dev/ref/mod#goproxy-protocol), and
// has the go command ask it first. The version is made of the content, because the go command keeps what it got.
func publish(t *testing.T, dir, path string) (version string) {
	t.Helper()
	sum := sha256.New()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[name], err = os.ReadFile(filepath.Join(dir, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		fmt.Fprintf(sum, "%q %q\n", name, files[name])
	}
	version = fmt.Sprintf("v1.2.4-0.20260101000000-%x", sum.Sum(nil)[:6])
	proxy := t.TempDir()
	at := filepath.Join(proxy, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	archive := zip.NewWriter(&zipped)
	for _, name := range names {
		w, err := archive.Create(path + "@" + version + "/" + name)
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"list": []byte(version + "\n"), version + ".info": fmt.Appendf(nil, `{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, version),
		version + ".mod": files["go.mod"], version + ".zip": zipped.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(at, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	others, err := exec.CommandContext(t.Context(), "go", "env", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPROXY", "file://"+proxy+","+strings.TrimSpace(string(others)))
	t.Setenv("GONOSUMDB", strings.Split(path, "/")[0])
	return version
}

// TestNewActionIsBuiltIn goes the way of docs/plugins.md: a module, a new action, its test, a bot with it, with one of a
// module that is published, and with one of a module that is changed here.
func TestNewActionIsBuiltIn(t *testing.T) {
	root, dir := moduleRoot(t), newModule(t, "example.org/greetings")
	published := newModule(t, "example.org/farewells")
	if made := execute(t, "actions", "new", "acme.say_goodbye", "--dir", published); made.code != 0 {
		t.Fatalf("new: %+v", made)
	}
	version := publish(t, published, "example.org/farewells")
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
		"--with", "example.org/farewells/saygoodbye@"+version,
		"--with", "example.org/repo-size/size@v0.1.0="+filepath.Join(root, "examples", "custom-action"))
	if built.code != 0 || !strings.Contains(built.stdout, "among them acme.say_goodbye, acme.say_hello, acme.size") {
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
