package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

func TestParseFacts(t *testing.T) {
	t.Parallel()
	got, err := parseFacts([]byte("changed: [a.bin]\ntags: []\ncard: {license: mit}\nfiles: [1]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := givenFacts{
		"changed": []string{"a.bin"}, "tags": []string{}, "card": map[string]any{"license": "mit"}, "files": []any{1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

// TestParseFactsJSON: programs write a character beyond 16 bits as two escapes, which YAML does not know.
func TestParseFactsJSON(t *testing.T) {
	t.Parallel()
	got, err := parseFacts([]byte(`{"changed": ["\ud83e\udd17.bin"], "card": {"co2": 1.5}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := givenFacts{"changed": []string{"🤗.bin"}, "card": map[string]any{"co2": 1.5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestParseFactsErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"tgas: []": `unknown fact "tgas"`, "[": "yaml", "- tags": "yaml",
		"changed: {a.bin: 1}": "changed must be a list", "author: ada": "author must be a mapping, got ada",
	} {
		if _, err := parseFacts([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseFacts(%q) = %v, want an error with %q", text, err, want)
		}
	}
}

func TestAbsentFactIsAnError(t *testing.T) {
	t.Parallel()
	facts := explainFacts{given: givenFacts{"tags": []string{"x"}}}
	if v, err := facts.Fact(t.Context(), "tags"); err != nil || !cmp.Equal(v, []string{"x"}) {
		t.Errorf("tags = %v, %v", v, err)
	}
	for _, name := range append([]string{expr.FactSHA}, expr.FactNames...) {
		if name == "tags" {
			continue
		}
		v, err := facts.Fact(t.Context(), name)
		if err == nil || !strings.Contains(err.Error(), "--facts FILE with a line such as `"+name+": ") ||
			!strings.Contains(err.Error(), "HF_TOKEN") {
			t.Errorf("%s = %v, %v; want an error that says how to give it", name, v, err)
		}
	}
	for name, example := range factExamples {
		if _, err := parseFacts([]byte(strings.Trim(example, "`"))); err != nil {
			t.Errorf("the example of %s: %v", name, err)
		}
	}
}

// TestGivenFactsGoFirst asks a local Hub for what the file does not tell.
func TestGivenFactsGoFirst(t *testing.T) {
	t.Parallel()
	server, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	tiny := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	sha := commitNew(t, server, tiny, "README.md", "---\ntags: [told]\n---\n")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const text = "version: 1\nrules:\n  - id: push\n    on: repo.content\n    repos: {tags: [given]}\n" +
		"    if: \"'README.md' in files\"\n    steps: [{uses: hub.comment, with: {body: x, discussion: 1}}]\n"
	rules := write("rules.yaml", text)
	facts := write("facts.yaml", "tags: [given]\n")
	event := write("event.json", `{"event":{"scope":"repo.content","action":"update"},"repo":{"type":"model","name":"demo/tiny",`+
		`"headSha":"`+sha+`"},"updatedRefs":[{"ref":"refs/heads/main","oldSha":null,"newSha":"`+sha+`"}]}`)
	args := []string{"explain", "--event", event, "--rules", rules, "--endpoint", server.URL()}
	for _, tc := range []struct {
		args []string
		want []string
	}{
		{[]string{"--facts", facts}, []string{"push on refs/heads/main would run", `files = [".gitattributes", "README.md"]`, "without --bot"}},
		{nil, []string{"does not run", "wanted all of given, got"}},
		{[]string{"--offline"}, []string{"could not be decided", "a bot would look tags up on the Hub"}},
		{[]string{"--facts", facts, "--offline"}, []string{"a bot would look files up on the Hub; give it (--facts FILE"}},
	} {
		got := execute(t, append(args[:len(args):len(args)], tc.args...)...)
		for _, want := range tc.want {
			if got.code != exitOK || !strings.Contains(got.stdout, want) {
				t.Errorf("%v: exit %d, no %q in\n%s%s", tc.args, got.code, want, got.stdout, got.stderr)
			}
		}
	}
	commitNew(t, server, hub.RepoRef{Type: hub.Dataset, Name: "demo/rules"}, "rules.yaml", text)
	got := execute(t, "explain", "--event", event, "--rules", "hf://datasets/demo/rules/rules.yaml", "--endpoint", server.URL(),
		"--facts", facts)
	if got.code != exitOK || !strings.Contains(got.stdout, "push on refs/heads/main would run") {
		t.Errorf("rules on the Hub: exit %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

// commitNew makes a repository with one file and returns its commit.
func commitNew(t *testing.T, server *emulator.Server, repo hub.RepoRef, path, text string) string {
	t.Helper()
	client := server.Client("demo")
	if err := client.CreateRepo(t.Context(), repo, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	commit, err := client.Commit(t.Context(), repo, hub.CommitInput{
		Summary: "x", Files: []hub.CommitFile{hub.BytesFile(path, []byte(text))},
	})
	if err != nil {
		t.Fatal(err)
	}
	return commit.OID
}
