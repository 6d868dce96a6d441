package cmd

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// result is what a command did.
type result struct {
	code           int
	stdout, stderr string
}

// execute runs a command line in this process.
func execute(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(strings.NewReader(""))
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	code := report(root.ExecuteContextC(t.Context()))
	return result{code: code, stdout: stdout.String(), stderr: stderr.String()}
}

func TestReport(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, stderr string
		err          error
		code         int
	}{
		{name: "success", code: 0},
		{name: "failure", err: errors.New("it broke"), code: 1, stderr: "hfbot: it broke\n"},
		{name: "usage", err: usageErrorf("bad %s", "flag"), code: 2, stderr: "hfbot: bad flag\nSee 'hfbot --help'.\n"},
		{name: "said already", err: &exitError{code: 3}, code: 3},
		{name: "code of a cause", err: errors.Join(&exitError{code: 3, err: errors.New("no")}), code: 3, stderr: "hfbot: no\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			root := newRoot()
			root.SetErr(&stderr)
			if code := report(root, tc.err); code != tc.code || stderr.String() != tc.stderr {
				t.Errorf("report = %d with %q, want %d with %q", code, stderr.String(), tc.code, tc.stderr)
			}
		})
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	commands := newRoot().Commands()
	for len(commands) > 0 {
		c := commands[0]
		commands = append(commands[1:], c.Commands()...)
		if c.Example == "" || c.Short == "" || c.RunE == nil {
			t.Errorf("%s: it needs a summary, an example and RunE", c.CommandPath())
		}
		if strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: the summary ends with a full stop", c.CommandPath())
		}
	}
}
