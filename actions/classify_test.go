package actions

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	answer := func(status int, after time.Duration) error {
		return fmt.Errorf("comment: %w", &hub.Error{
			Method: "POST", URL: "http://hub/api/whoami-v2", StatusCode: status, RetryAfter: after,
		})
	}
	tests := []struct {
		name      string
		err       error
		permanent bool
		delay     time.Duration
		hint      string
	}{
		{"plain error", errors.New("connection reset"), false, 0, ""},
		{"unauthorised", answer(http.StatusUnauthorized, 0), true, 0, "check HF_TOKEN"},
		{"forbidden", answer(http.StatusForbidden, 0), true, 0, "lacks the permission"},
		{"not found", answer(http.StatusNotFound, 0), true, 0, "may not see it"},
		{"gated", &hub.Error{StatusCode: http.StatusForbidden, Code: "GatedRepo"}, true, 0, "accept its conditions"},
		{"hidden", &hub.Error{StatusCode: http.StatusUnauthorized, Code: "RepoNotFound"}, true, 0, "may not see it"},
		{"bad request", answer(http.StatusBadRequest, 0), true, 0, ""},
		{"rate limit", answer(http.StatusTooManyRequests, 20*time.Second), false, 20 * time.Second, ""},
		{"rate limit without delay", answer(http.StatusTooManyRequests, 0), false, 0, ""},
		{"server error", answer(http.StatusBadGateway, 0), false, 0, ""},
		{"the action knows better", RetryAfter(time.Second, answer(http.StatusNotFound, 0)), false, time.Second, ""},
		{"permanent already", Permanent(answer(http.StatusBadGateway, 0)), true, 0, ""},
		{"read-only client", fmt.Errorf("commit: %w", hub.ErrReadOnly), true, 0, "dry run"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := classify(test.err)
			if IsPermanent(got) != test.permanent {
				t.Errorf("permanent %v, want %v: %v", !test.permanent, test.permanent, got)
			}
			if delay, _ := RetryDelay(got); delay != test.delay {
				t.Errorf("delay %v, want %v", delay, test.delay)
			}
			if !strings.Contains(got.Error(), test.hint) || !errors.Is(got, test.err) {
				t.Errorf("error %q, want the hint %q and the cause", got, test.hint)
			}
		})
	}
}

func TestMissingPermissionsAreNamed(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		"POST /api/models/a/b/discussions":         "discussion.write",
		"POST /api/models/a/b/discussions/1/merge": "repo.write",
		"POST /api/models/a/b/commit/main":         "repo.write",
		"POST /api/jobs/a":                         "job.write",
		"POST /api/spaces/a/b/restart":             "repo.write",
		"GET /api/models/a/b":                      "repo.content.read",
		"POST /api/settings/webhooks":              "user.webhooks.write",
	} {
		method, path, _ := strings.Cut(call, " ")
		err := classify(&hub.Error{
			Method: method, URL: "https://huggingface.co" + path, StatusCode: http.StatusForbidden, RequestID: "r-1",
		})
		if !strings.Contains(err.Error(), "lacks the permission "+want) || !strings.Contains(err.Error(), "[request r-1]") {
			t.Errorf("%s: %v, want %s and the request", call, err, want)
		}
	}
}
