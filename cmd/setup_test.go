package cmd

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/config"
)

func TestSetupPage(t *testing.T) {
	t.Setenv("SPACE_ID", "acme/my-bot")
	broken := &bot.RulesError{Problems: rule.Problems{{
		File: "rules.yaml", Line: 3, Column: 5, Severity: rule.Error, Message: "unknown field of private-model",
	}}}
	for name, tc := range map[string]struct {
		cause error
		want  []string
	}{
		"token":  {errNoToken, []string{"HF_TOKEN is missing", "https://huggingface.co/spaces/acme/my-bot/settings"}},
		"secret": {config.ErrNoWebhookSecret, []string{"WEBHOOK_SECRET is missing"}},
		"rules":  {broken, []string{"rules have errors", "<li>rules.yaml:3:5</li>"}},
		"unread": {fmt.Errorf("%w: private-model", bot.ErrRulesUnread), []string{"rules on the Hub cannot be read", "HFBOT_RULES"}},
		"other":  {errors.New("postgres://private-model"), []string{"cannot start", "log"}},
	} {
		t.Run(name, func(t *testing.T) {
			handler := setupHandler(template.Must(template.New("").Parse(setupPage)), describeMissing(tc.cause))
			page := httptest.NewRecorder()
			handler.ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
			for _, want := range tc.want {
				if !strings.Contains(page.Body.String(), want) {
					t.Errorf("the page lacks %q:\n%s", want, page.Body)
				}
			}
			if strings.Contains(page.Body.String(), "private-model") {
				t.Errorf("the page shows to everyone what is for the log:\n%s", page.Body)
			}
			for path, status := range map[string]int{"/healthz": 200, "/readyz": 503, "/webhook": 503} {
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, http.NoBody))
				if answer.Code != status {
					t.Errorf("%s answers %d, want %d", path, answer.Code, status)
				}
			}
		})
	}
}
