package cmd

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeBot answers /api/v1 with fixed documents and notes what it was asked. The real bot is asked by the scripts of
// cmd/hfbot; here the text made of each answer is looked at.
func fakeBot(t *testing.T, answers map[string]string) (url string, asked *[]string) {
	t.Helper()
	asked = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Method+" "+r.URL.RequestURI())
		if r.Header.Get("Authorization") != "Bearer hush" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if strings.Contains(answer, `"error":"`) && r.Method == http.MethodPost {
			w.WriteHeader(http.StatusConflict)
		}
		if _, err := w.Write([]byte(answer)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

const (
	deliveriesAnswer = `{"deliveries":[{"id":"d1","received_at":"2026-11-01T10:00:00Z","scope":"discussion","action":"create",` +
		`"repo":"acme/tiny","verdicts":{"welcome":"matched","ci":"not_matched"},"runs":["r1"]},` +
		`{"id":"d0","scope":"repo","action":"update","repo":"acme/tiny","verdicts":{"ci":"not_matched"}}],"next":"d0"}`
	runAnswer = `{"id":"r1","rule":"welcome","delivery":"d1","repo":"acme/tiny","state":"failed","error":"no","dry_run":true,` +
		`"steps":[{"id":"#1","uses":"hub.comment","state":"failed","attempt":3,"error":"no"}]}`
)

func TestHistoryCommands(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, answer string // answer to the asked path
		args         []string
		asked        string
		want         []string
	}{
		{
			name: "deliveries", args: []string{"deliveries", "list", "--repo", "acme/tiny", "--before", "d2"},
			asked: "GET /api/v1/deliveries?before=d2&repo=acme%2Ftiny", answer: deliveriesAnswer,
			want: []string{"discussion.create", "welcome matched\n", "no rule matched", "more: --before d0"},
		},
		{
			name: "delivery", args: []string{"deliveries", "show", "d1"},
			asked:  "GET /api/v1/deliveries/d1",
			answer: `{"id":"d1","source":"webhook","verdicts":{},"runs":["r1","r2"],"payload":"{ \"event\": 1 }"}`,
			want:   []string{"delivery d1", "runs: r1, r2", `{ "event": 1 }`},
		},
		{
			name: "replay", args: []string{"deliveries", "replay", "d1", "--again"},
			asked: "POST /api/v1/deliveries/d1/replay?again=true", answer: `{"delivery":"d9"}`,
			want: []string{"delivery d1 is replayed as d9"},
		},
		{
			name: "runs", args: []string{"runs", "list", "--state", "failed"},
			asked: "GET /api/v1/runs?state=failed", answer: `{"runs":[` + runAnswer + `],"next":""}`,
			want: []string{"RUN", "r1", "welcome", "failed (dry run)  no\n"},
		},
		{
			name: "a run that waits", args: []string{"runs", "list"}, asked: "GET /api/v1/runs",
			answer: `{"runs":[{"id":"r1","state":"waiting","reason":"it is early","wait_until":"2026-11-30T10:25:51Z"}],"next":""}`,
			want:   []string{"WHY\n", "waiting  it is early, until 2026-11-30T10:25:51Z\n"},
		},
		{
			name: "a run that was skipped", args: []string{"runs", "show", "r1"}, asked: "GET /api/v1/runs/r1",
			answer: `{"id":"r1","state":"skipped","reason":"replaced by run r2"}`, want: []string{"why: replaced by run r2\n"},
		},
		{
			name: "run", args: []string{"runs", "show", "r1"},
			asked: "GET /api/v1/runs/r1", answer: runAnswer,
			want: []string{"run r1 of rule welcome for delivery d1", "failed (dry run)\n", "error: no", "hub.comment", "attempt 3"},
		},
		{
			name: "cancel", args: []string{"runs", "cancel", "r1"},
			asked: "POST /api/v1/runs/r1/cancel", answer: `{"id":"r1","state":"cancelled"}`,
			want: []string{"run r1 is being cancelled"},
		},
		{
			name: "breakers", args: []string{"breakers", "list", "--rule", "welcome"},
			asked: "GET /api/v1/breakers?rule=welcome",
			answer: `{"breakers":[{"rule":"welcome","repo":"acme/tiny","runs":20,"own":true,"until":"2026-11-01T11:00:00Z"},` +
				`{"rule":"welcome","repo":"acme/big","runs":2000}]}`,
			want: []string{"RULE", "acme/tiny", "2026-11-01T11:00:00Z", "what the bot's own acts cause\n", "2000", "all events\n"},
		},
		{
			name: "no breakers", args: []string{"breakers", "list"},
			asked: "GET /api/v1/breakers", answer: `{"breakers":[]}`, want: []string{"no breaker is open\n"},
		},
		{
			name: "reset", args: []string{"breakers", "reset", "welcome", "acme/tiny"},
			asked: "POST /api/v1/rules/welcome/reset?repo=acme%2Ftiny", answer: `{"rule":"welcome","repo":"acme/tiny"}`,
			want: []string{"the breaker of rule welcome on acme/tiny is closed\n"},
		},
		{
			name: "json", args: []string{"runs", "show", "r1", "--json"},
			asked: "GET /api/v1/runs/r1", answer: `{"id":"r1","extra":"kept"}`, want: []string{`"extra": "kept"`},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path, _, _ := strings.Cut(tc.asked, "?")
			url, asked := fakeBot(t, map[string]string{path: tc.answer})
			got := execute(t, append(tc.args, "--server", url, "--token", "hush")...)
			if got.code != exitOK {
				t.Fatalf("exit code %d: %s", got.code, got.stderr)
			}
			if diff := cmp.Diff([]string{tc.asked}, *asked); diff != "" {
				t.Errorf("what was asked (-want +got):\n%s", diff)
			}
			for _, want := range tc.want {
				if !strings.Contains(got.stdout, want) {
					t.Errorf("output lacks %q:\n%s", want, got.stdout)
				}
			}
			if strings.Contains(tc.name, "json") && !json.Valid([]byte(got.stdout)) {
				t.Errorf("output is not one JSON document:\n%s", got.stdout)
			}
		})
	}
}

func TestHistoryRefusals(t *testing.T) {
	t.Parallel()
	url, _ := fakeBot(t, map[string]string{
		"POST /api/v1/runs/r1/retry": `{"error":"the run has succeeded"}`,
		"GET /api/v1/runs":           `<html>`,
	})
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"no token", []string{"runs", "list"}, "wants an admin token"},
		{"wrong token", []string{"runs", "list", "--token", "guess"}, "does not take this admin token"},
		{"unknown id", []string{"runs", "show", "r2", "--token", "hush"}, "has no runs/r2"},
		{"conflict", []string{"runs", "retry", "r1", "--token", "hush"}, "answered 409: the run has succeeded"},
		{"no JSON as text", []string{"runs", "list", "--token", "hush"}, "no JSON"},
		{"no JSON as JSON", []string{"runs", "list", "--token", "hush", "--json"}, "no JSON"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := execute(t, append(tc.args, "--server", url)...)
			if got.code != exitFailed || !strings.Contains(got.stderr, tc.want) || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q; want 1 and %q", got.code, got.stdout, got.stderr, tc.want)
			}
			if strings.Contains(got.stderr, "guess") || strings.Contains(got.stderr, "hush") {
				t.Errorf("the error shows the token: %s", got.stderr)
			}
		})
	}
}
