package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongUsage: who mistypes a command line is told what is wrong with it, and nothing else happens.
func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"send":              "an argument is missing; usage: hfbot send FILE --url URL",
		"convert a":         "an argument is missing; usage: hfbot convert SRC DST",
		"convert a b c":     `"c" is one argument too many; usage: hfbot convert SRC DST`,
		"demo x":            `"x" is one argument too many; usage: hfbot demo`,
		"runs show a b":     `"b" is one argument too many; usage: hfbot runs show ID`,
		"nosuch":            `hfbot has no command "nosuch"`,
		"chekc":             `hfbot has no command "chekc" (did you mean check?)`,
		"help nosuch":       `hfbot has no command "nosuch"`,
		"help runs nosuch":  `hfbot runs has no command "nosuch"`,
		"completion bash x": `unknown command "x" for "hfbot completion bash"`,
		"check --nope":      "unknown flag: --nope",
	} {
		got := execute(t, strings.Fields(line)...)
		if got.code != exitUsage || got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: exit %d, %q, %q; want exit 2 and %q", line, got.code, got.stdout, got.stderr, want)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"": "Usage:\n  hfbot", "help": "Usage:\n  hfbot", "help runs show": "hfbot runs show ID", "runs": "Usage:\n  hfbot runs",
		"help check": "hfbot check [PATH...]", "--version": "hfbot version (devel)",
	} {
		got := execute(t, strings.Fields(line)...)
		if got.code != exitOK || !strings.Contains(got.stdout, want) || got.stderr != "" {
			t.Errorf("%q: exit %d, no %q in %q, %q", line, got.code, want, got.stdout, got.stderr)
		}
	}
}

func TestErrorsAreOneLine(t *testing.T) {
	t.Parallel()
	got := oneLine(errors.Join(errors.New("ask:\n\tone\n\tone"), errors.New("two")).Error())
	if want := "ask:; one; two"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBadJSONIsPointedAt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte("version: 1\nrules: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"{\n  \"é\": 1,\n}": "line 3, column 1: invalid character '}'",
		"":                  "line 1, column 1: unexpected end of JSON input",
		"{\"a\": 1} x":      "line 1, column 10: invalid character 'x' after top-level value",
		"[]":                "is not a JSON object",
	} {
		event := filepath.Join(dir, "event.json")
		if err := os.WriteFile(event, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := execute(t, "explain", "--event", event, "--rules", rules)
		if got.code != exitFailed || !strings.Contains(got.stderr, want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%q: exit %d, %q; want %q", text, got.code, got.stderr, want)
		}
	}
}
