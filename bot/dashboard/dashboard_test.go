package dashboard_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/dashboard"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

// hostile is text that a stranger could put into a payload; it must stay text on a page.
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

// control records what a person asked for.
type control struct{ did []string }

func (c *control) Replay(_ context.Context, delivery string, again bool) (string, error) {
	if delivery == "gone" {
		return "", store.ErrNotFound
	}
	c.did = append(c.did, "replay "+delivery)
	if again {
		c.did = append(c.did, "again")
	}
	return "new", nil
}

func (c *control) Cancel(_ context.Context, run string) error {
	c.did = append(c.did, "cancel "+run)
	return nil
}

func (c *control) Retry(context.Context, string) error { return store.ErrState }

func (c *control) Explain(_ context.Context, body []byte) (rule.Explanation, error) {
	if !json.Valid(body) {
		return rule.Explanation{}, errors.New("not a webhook payload: " + string(body))
	}
	return rule.Explanation{Rules: []rule.Outcome{{
		RuleID: "welcome", Verdict: rule.VerdictNotMatched, Reason: hostile,
		Clauses: []rule.Clause{{Clause: "on", OK: false, Want: "discussion", Got: hostile, Line: 3}},
	}}}, nil
}

// site is a dashboard over a store with one delivery and one run, both hostile.
type site struct {
	t        *testing.T
	handler  http.Handler
	control  *control
	delivery string
	run      string
}

func newSite(t *testing.T, filled bool) *site {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "bot.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &site{t: t, control: new(control)}
	set := &rule.Set{}
	if filled {
		s.fill(db)
		set.Rules = []*rule.Rule{{ID: "welcome", Summary: hostile, File: "rules.yaml", Line: 3}}
	}
	e := echo.New()
	d := dashboard.New(dashboard.Options{
		Store: db, Rules: func() *rule.Set { return set }, Actions: actions.NewRegistry(), Control: s.control,
		AdminToken: "s3cret", Listen: "127.0.0.1:7860",
	})
	t.Cleanup(d.Close)
	d.Register(e)
	s.handler = e
	return s
}

func (s *site) fill(db *store.Store) {
	s.t.Helper()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	id, _, err := db.Accept(s.t.Context(), store.Delivery{
		Key: "k", Body: []byte(`{"title":"` + "<script>alert(3)</script>" + `"}`), ReceivedAt: now, Source: store.SourceWebhook,
		State: store.Received, Scope: "discussion", Action: "create", Repo: hostile, RepoType: "model",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.delivery, s.run = id, "0193b0a0-0000-7000-8000-000000000001"
	explanation, err := json.Marshal(rule.Explanation{Rules: []rule.Outcome{{
		RuleID: "welcome", Verdict: rule.VerdictMatched, Reason: hostile,
		Clauses: []rule.Clause{{Clause: "on", OK: true, Want: "discussion", Got: hostile}},
	}}})
	if err != nil {
		s.t.Fatal(err)
	}
	err = db.InTx(s.t.Context(), func(tx *store.Tx) error {
		err := tx.InsertRun(&store.Run{
			ID: s.run, DeliveryID: id, Rule: "welcome", Repo: hostile, RepoType: "model", State: store.Queued, CreatedAt: now,
			Plan: store.Plan{Steps: []store.StepPlan{{ID: "#1", Uses: "hub.comment", With: map[string]any{"body": hostile}}}},
		})
		return errors.Join(err, tx.FinishMatch(id, explanation, map[string]string{"welcome": "matched"}, ""))
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) do(method, target string) (*http.Response, string) {
	s.t.Helper()
	req := httptest.NewRequestWithContext(s.t.Context(), method, target, http.NoBody)
	req.Header.Set("Authorization", "Bearer s3cret")
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(rec, req)
	body, err := io.ReadAll(rec.Result().Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return rec.Result(), string(body)
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, filled := range []bool{false, true} {
		s := newSite(t, filled)
		paths := []string{"/", "/deliveries", "/runs", "/rules", "/actions", "/deliveries?rule=%3Cscript%3E&before=x"}
		if filled {
			paths = append(paths, "/deliveries/"+s.delivery, "/runs/"+s.run)
		}
		for _, path := range paths {
			res, body := s.do(http.MethodGet, path)
			if res.StatusCode != http.StatusOK || !strings.HasPrefix(body, "<!doctype html>") || !strings.Contains(body, "</html>") {
				t.Errorf("%s: status %d, no whole page:\n%.300s", path, res.StatusCode, body)
			}
			if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") {
				t.Errorf("%s: Content-Security-Policy %q", path, csp)
			}
			if strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") {
				t.Errorf("%s: a stranger's text became markup:\n%s", path, body)
			}
			if len(body) > 100_000 {
				t.Errorf("%s: %d bytes", path, len(body))
			}
		}
	}
}

func TestPagesShow(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for path, want := range map[string][]string{
		"/":                         {"welcome", "Latest runs"},
		"/deliveries":               {"<code>discussion</code> create", ">matched</span>", "/deliveries/" + s.delivery},
		"/deliveries/" + s.delivery: {"matched", "Wanted", "/runs/" + s.run, "&#34;title&#34;"},
		"/runs":                     {"queued", "/runs/" + s.run},
		"/runs/" + s.run:            {"hub.comment", "/deliveries/" + s.delivery},
		"/rules":                    {"rules.yaml:3"},
	} {
		_, body := s.do(http.MethodGet, path)
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s does not show %q:\n%s", path, text, body)
			}
		}
	}
	res, body := s.do(http.MethodGet, "/runs/none")
	if res.StatusCode != http.StatusNotFound || !strings.Contains(body, "There is no such") {
		t.Errorf("a missing run: %d %.200s", res.StatusCode, body)
	}
}

func TestStrangersSeeNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for _, path := range []string{
		"/", "/deliveries", "/deliveries/" + s.delivery, "/runs", "/runs/" + s.run, "/rules", "/actions",
		"/api/v1/deliveries", "/api/v1/deliveries/" + s.delivery, "/api/v1/runs", "/api/v1/runs/" + s.run,
		"/api/v1/rules", "/api/v1/actions",
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		rec := httptest.NewRecorder()
		s.handler.ServeHTTP(rec, req)
		if rec.Code != http.StatusUnauthorized || strings.Contains(rec.Body.String(), "welcome") {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
		}
	}
}

func TestAPIShapes(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for path, want := range map[string][]string{
		"/api/v1/deliveries": {"deliveries", "next"},
		"/api/v1/deliveries/" + s.delivery: {
			"action", "duplicates", "explanation", "id", "payload", "public", "received_at", "repo", "repo_type", "runs", "scope", "source",
			"state", "verdicts", "webhook_id",
		},
		"/api/v1/runs": {"next", "runs"},
		"/api/v1/runs/" + s.run: {
			"attempt", "created_at", "delivery", "dry_run", "error", "finished_at", "id", "repo", "repo_type", "rule", "started_at", "state",
			"steps",
		},
		"/api/v1/rules":   {"hash", "loaded_at", "problems", "rules"},
		"/api/v1/actions": {"actions"},
	} {
		res, body := s.do(http.MethodGet, path)
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %v: %s", path, res.StatusCode, err, body)
			continue
		}
		keys := []string{}
		for k := range got {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if diff := cmp.Diff(want, keys); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	_, body := s.do(http.MethodGet, "/api/v1/deliveries/"+s.delivery)
	var one struct{ Payload string }
	if err := json.Unmarshal([]byte(body), &one); err != nil {
		t.Fatal(err)
	}
	if one.Payload != `{"title":"<script>alert(3)</script>"}` {
		t.Errorf("the payload is not byte-exact: %q", one.Payload)
	}
}

func TestAPIActs(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for _, tc := range []struct {
		path   string
		status int
	}{
		{"/api/v1/deliveries/" + s.delivery + "/replay", http.StatusAccepted},
		{"/api/v1/deliveries/" + s.delivery + "/replay?again=true", http.StatusAccepted},
		{"/api/v1/deliveries/gone/replay", http.StatusNotFound},
		{"/api/v1/runs/" + s.run + "/cancel", http.StatusOK},
		{"/api/v1/runs/" + s.run + "/retry", http.StatusConflict},
	} {
		if res, body := s.do(http.MethodPost, tc.path); res.StatusCode != tc.status {
			t.Errorf("%s: %d %s, want %d", tc.path, res.StatusCode, body, tc.status)
		}
	}
	want := []string{"replay " + s.delivery, "replay " + s.delivery, "again", "cancel " + s.run}
	if diff := cmp.Diff(want, s.control.did); diff != "" {
		t.Error(diff)
	}
}

// visit reads a page as a stranger's browser does.
func (s *site) visit(path string) string {
	s.t.Helper()
	req := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, http.NoBody)
	req.Header.Set("Accept", "text/html")
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(rec, req)
	return rec.Body.String()
}
