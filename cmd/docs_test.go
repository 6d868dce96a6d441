package cmd

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// documents reads every Markdown file of the repository; keys are paths from its root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != "." || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := fs.ReadFile(root, path)
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found["README.md"] == "" || len(found) < 8 {
		t.Fatalf("only %d documents found", len(found))
	}
	return found
}

var (
	fence      = regexp.MustCompile("(?ms)^ *```[a-z]*\n(.*?)^ *```")
	inlineCode = regexp.MustCompile("`([^`\n]+)`")
	// commandLine is hfbot, by the names that the documents call it, at the beginning of a line or after variables.
	commandLine = regexp.MustCompile(`^(?:[A-Z_]+=\S* +)*(?:\./)?(?:hfbot|bot|go run \./cmd/hfbot|docker run \S+ hfbot)(?: (.*))?$`)
	comment     = regexp.MustCompile(`\s#.*$`)
)

// commandLines are the command lines of hfbot that a document shows, without the program's name.
func commandLines(text string) []string {
	var code []string
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		code = append(code, strings.Split(strings.ReplaceAll(block[1], "\\\n", " "), "\n")...)
	}
	for _, span := range inlineCode.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		code = append(code, span[1])
	}
	var lines []string
	for _, line := range code {
		for part := range strings.SplitSeq(strings.TrimPrefix(strings.TrimSpace(line), "$ "), "&&") {
			m := commandLine.FindStringSubmatch(strings.TrimSpace(comment.ReplaceAllString(part, "")))
			if m != nil && m[1] != "" {
				lines = append(lines, m[1])
			}
		}
	}
	return lines
}

// checkCommandLine tells what is wrong with the arguments of a command line: an unknown command or flag.
func checkCommandLine(root *cobra.Command, line string) string {
	words := strings.Fields(strings.NewReplacer("[", " ", "]", " ").Replace(line))
	if strings.Contains(words[0], "|") {
		return "write commands out, so that they can be checked"
	}
	c, rest, err := root.Find(words)
	if err != nil || c == root && !strings.HasPrefix(words[0], "-") && words[0] != "…" {
		return "no such command"
	}
	// A command whose use names an argument takes it beside its commands, such as `hfbot actions [ID]`.
	if c.HasSubCommands() && !strings.Contains(c.Use, " ") && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		for name := range strings.SplitSeq(rest[0], "|") {
			if !slices.ContainsFunc(c.Commands(), func(sub *cobra.Command) bool { return sub.Name() == name }) {
				return c.CommandPath() + " has no command " + name
			}
		}
		return ""
	}
	c.InitDefaultHelpFlag()
	for _, word := range rest {
		name, _, _ := strings.Cut(word, "=")
		switch long, isLong := strings.CutPrefix(name, "--"); {
		case isLong && long != "" && c.Flags().Lookup(long) == nil && c.InheritedFlags().Lookup(long) == nil:
			return c.CommandPath() + " has no flag " + name
		case !isLong && len(name) == 2 && name[0] == '-' && c.Flags().ShorthandLookup(name[1:]) == nil:
			return c.CommandPath() + " has no flag " + name
		}
	}
	return ""
}

func TestDocumentedCommandsExist(t *testing.T) {
	t.Parallel()
	root, seen := newRoot(), 0
	root.InitDefaultCompletionCmd()
	for path, text := range documents(t) {
		for _, line := range commandLines(text) {
			seen++
			if wrong := checkCommandLine(root, line); wrong != "" {
				t.Errorf("%s: `hfbot %s`: %s", path, line, wrong)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d command lines found; are they still recognised?", seen)
	}
}

func TestCheckCommandLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"serve --rules rules.yaml":     "",
		"serve --ruels rules.yaml":     "hfbot serve has no flag --ruels",
		"demo [--once] [--json]":       "",
		"surf":                         "no such command",
		"runs list|show|retry":         "",
		"runs list|shwo":               "hfbot runs has no command shwo",
		"send FILE --url=URL -x":       "hfbot send has no flag -x",
		"check PATH --format json":     "",
		"deliveries replay ID --again": "",
		"deliveries replay ID --agani": "hfbot deliveries replay has no flag --agani",
	} {
		if got := checkCommandLine(newRoot(), line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestCommandLines(t *testing.T) {
	t.Parallel()
	text := "Run `hfbot check a.yaml`, or `HF_TOKEN=x hfbot serve`; `hfbot` alone and `hfbot.yaml` are none.\n" +
		"```sh\nA=b HF_TOKEN=hf_x \\\n  hfbot send f --url u   # comment\ncd x && ./bot dev\nnot hfbot either\n```\n"
	want := []string{"send f --url u", "dev", "check a.yaml", "serve"}
	if got := commandLines(text); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the names that GitHub gives to a document's headings.
func anchors(text string) []string {
	var names []string
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		name := noSlug.ReplaceAllString(strings.ToLower(strings.ReplaceAll(h[1], "`", "")), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	all, seen := documents(t), 0
	for from, text := range all {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			seen++
			path := from
			if target != "" {
				path = filepath.ToSlash(filepath.Join(filepath.Dir(from), target))
			}
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("%s: link to %s leads nowhere", from, m[1])
			} else if anchor != "" && strings.HasSuffix(path, ".md") && !slices.Contains(anchors(all[path]), anchor) {
				t.Errorf("%s: link to %s: %s has no such heading", from, m[1], path)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d links found; are they still recognised?", seen)
	}
}
