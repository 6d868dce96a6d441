package cmd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hostile is what a stranger may call a repository, as JSON writes it.
const hostile = `a/\u001b[2Jb\u0007\u202ec\r\u0000`

// TestStrangersDoNotSteerTheTerminal: whatever shows names and comments shows no character that a terminal obeys.
func TestStrangersDoNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := map[string]string{
			"/api/v1/deliveries":   `{"deliveries":[{"id":"1","repo":"` + hostile + `"}]}`,
			"/api/v1/deliveries/1": `{"id":"1","repo":"` + hostile + `","payload":"` + hostile + `"}`,
			"/api/v1/runs":         `{"runs":[{"id":"1","repo":"` + hostile + `","error":"two\nlines ` + hostile + `"}]}`,
			"/api/v1/runs/1":       `{"id":"1","repo":"x","steps":[{"id":"s","error":"two\nlines ` + hostile + `"}]}`,
			"/api/v1/runs/1/logs":  `{"run":"1","state":"failed","logs":[{"message":"` + hostile + `"}]}`,
			"/api/v1/breakers":     `{"breakers":[{"rule":"r","repo":"` + hostile + `"}]}`,
		}[r.URL.Path]
		if body == "" {
			w.WriteHeader(http.StatusConflict)
			body = `{"error":"` + hostile + `"}`
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	event := `{"event": {"scope": "repo", "action": "update"}, "repo": {"type": "model", "name": "` + hostile + `"}}`
	rules := write("rules.yaml", "version: 1\nrules:\n  - id: r\n    on: repo\n    repos: {name: x/y}\n"+
		"    steps: [{uses: hub.comment, with: {body: x, discussion: 1}}]\n")
	write("event.json", event)
	tests := write("rules_test.yaml", "tests:\n  - {name: \"n\\e[2J\", event: event.json, expect: {matched: [r]}}\n")
	for _, args := range [][]string{
		{"deliveries", "list"},
		{"deliveries", "show", "1"},
		{"deliveries", "replay", "1"}, // refused
		{"runs", "list"},
		{"runs", "show", "1"},
		{"runs", "logs", "1"},
		{"breakers", "list"},
		{"explain", "--event", filepath.Join(dir, "event.json"), "--rules", rules},
		{"test", tests},
	} {
		full := args
		if args[0] != "explain" && args[0] != "test" {
			full = append(args[:len(args):len(args)], "--server", server.URL)
		}
		got := execute(t, full...)
		if strings.ContainsAny(got.stdout+got.stderr, "\x1b\x07\x00\r\u202e") {
			t.Errorf("%v: %q %q", args, got.stdout, got.stderr)
		}
		if !strings.Contains(got.stdout+got.stderr, "�[2J") {
			t.Errorf("%v shows nothing of the name: %q %q", args, got.stdout, got.stderr)
		}
		if args[0] == "runs" && args[1] != "logs" && !strings.Contains(got.stdout, "two lines") {
			t.Errorf("%v: an error of two lines breaks the table:\n%s", args, got.stdout)
		}
	}
}
