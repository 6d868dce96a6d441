package cmd

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRunsLogs(t *testing.T) {
	t.Parallel()
	states, calls := []string{"running", "succeeded"}, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/runs/r1/logs" || r.Header.Get("Authorization") != "Bearer t" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		line := func(n int) string {
			return fmt.Sprintf(`{"step":"a","attempt":1,"at":"2026-11-29T12:00:0%dZ","level":"info","message":"line %d"}`, n, n)
		}
		lines := []string{line(1), line(2)}
		io.WriteString(w, fmt.Sprintf(`{"run":"r1","state":%q,"logs":[%s]}`, states[calls], strings.Join(lines[:calls+1], ",")))
		calls++
	}))
	t.Cleanup(server.Close)
	var out bytes.Buffer
	c := newRuns()
	c.SetOut(&out)
	c.SetArgs([]string{"logs", "r1", "--follow", "--server", server.URL, "--token", "t"})
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := "2026-11-29T12:00:01Z info  a/1 line 1\n2026-11-29T12:00:02Z info  a/1 line 2\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
