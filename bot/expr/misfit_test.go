package expr_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/expr"
)

func misfits(t *testing.T, body []byte) []string {
	t.Helper()
	var payload map[string]any
	if err := json.Unmarshal(body, &payload); err != nil {
		t.Fatal(err)
	}
	found, err := expr.Misfits(payload)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range found {
		list = append(list, fmt.Sprint(m.Path, m.Want, m.Near))
	}
	return list
}

func TestMisfits(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"event": {"scop": "repo"}}`:                            {"[event scop]scope"},
		`{"updatedRefs": {}}`:                                    {"[updatedRefs]a list"},
		`{"updatedRefs": [{"ref": "main"}, {"newSHA": "1"}, 2]}`: {"[updatedRefs 1 newSHA]newSha", "[updatedRefs 2]a mapping"},
		`{"repo": {"id": 7, "private": "no", "head_sha": "a"}}`:  {"[repo head_sha]headSha", "[repo id]text", "[repo private]true or false"},
		`{"repo": "a/b", "disscussion": {}}`:                     {"[disscussion]discussion", "[repo]a mapping"},
		`{"discussion": {"num": 1.5, "is_pull_request": true}}`:  {"[discussion is_pull_request]isPullRequest", "[discussion num]a whole number"},
		`{"discussion": {"num": 3, "title": null}}`:              nil,
		`{"webhook": {"version": 3, "color": 1}, "sender": {}}`:  nil, // keys of the future
		`{"updatedRefs": [], "updatedTags": []}`:                 nil, // near to a key that is there, so it is another one
		`{"updatedConfig": {"privat": true, "anything": [1]}}`:   nil, // the Hub does not say what may be in there
	} {
		if diff := cmp.Diff(want, misfits(t, []byte(body))); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", body, diff)
		}
	}
}

// TestWhatTheHubSendsFits keeps the strictness from refusing a delivery that somebody kept for a test.
func TestWhatTheHubSendsFits(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../hub/testdata/payloads/[0-8]*.json") // 9 are of version 2
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := misfits(t, body); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}
