package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds each wait of a script; what is waited for takes milliseconds.
const patience = time.Minute

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hfbot": main})
}

// TestScripts runs the commands as a shell would, one script for each (https://pkg.go.dev/github.com/rogpeppe/go-internal/testscript).
func TestScripts(t *testing.T) {
	checkpoints, err := filepath.Abs("testdata/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("CHECKPOINTS", checkpoints)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":      exits,
			"launch":     launch,
			"eventually": eventually,
			"replace":    replace,
		},
	})
}

// exits runs a command and wants this exit code: exits 2 hfbot nonsense.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v exited %d, want %d", args[1:], got, want)
	}
}

// launch starts a command that stays until the script ends, waits for a line of its output that matches, and puts the
// expression's first group into a variable: launch HUB 'at (http://\S+)' hfbot hub --listen 127.0.0.1:0.
func launch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: launch VARIABLE REGEXP COMMAND...")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	output, input, err := os.Pipe()
	ts.Check(err)
	cmd := exec.Command(args[2], args[3:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), environment(ts), input, input
	ts.Check(cmd.Start())
	ts.Check(input.Close())
	found, ended := make(chan string, 1), make(chan string, 1)
	go func() {
		var all strings.Builder
		for lines := bufio.NewScanner(output); lines.Scan(); {
			all.WriteString(lines.Text() + "\n")
			if m := pattern.FindStringSubmatch(lines.Text()); m != nil {
				select {
				case found <- m[1]:
				default: // said again
				}
			}
		}
		ended <- all.String()
	}()
	ts.Defer(func() {
		ts.Check(cmd.Process.Signal(os.Interrupt))
		ts.Check(cmd.Wait())
		ts.Logf("[%s said]\n%s", args[2], <-ended)
	})
	select {
	case value := <-found:
		ts.Setenv(args[0], value)
	case all := <-ended:
		ended <- all
		ts.Fatalf("%v ended without a line that matches %s:\n%s", args[2:], args[1], all)
	case <-time.After(patience):
		ts.Fatalf("%v printed no line that matches %s", args[2:], args[1])
	}
}

// eventually runs a command again and again until its output matches: eventually succeeded hfbot runs list.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually REGEXP COMMAND...")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	again, late := time.NewTicker(50*time.Millisecond), time.After(patience)
	defer again.Stop()
	for {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-again.C:
		case <-late:
			ts.Fatalf("%v never printed %s; the last time:\n%s", args[1:], args[0], ts.ReadFile("stdout"))
		}
	}
}

// replace puts a text in the place of another in a file: replace rules.yaml HUB_URL $HUB.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	if !bytes.Contains(text, []byte(args[1])) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(text, []byte(args[1]), []byte(args[2])), 0o600))
}

// environment is what a launched command inherits of the script's variables.
func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{
		"PATH", "HOME", "WORK", "TMPDIR", "WEBHOOK_SECRET", "HFBOT_ADMIN_TOKEN", "HF_TOKEN", "HF_ENDPOINT", "SPACE_ID", "SPACE_HOST",
		"HFBOT_LISTEN",
	} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
