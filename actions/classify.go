package actions

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

// classify decides what an answer of the Hub means for retries, where the action itself did not: what may pass is
// retried, after the delay the Hub asks for; the rest is permanent, with a hint what to do.
func classify(err error) error {
	if _, ok := RetryDelay(err); ok || err == nil || IsPermanent(err) {
		return err
	}
	if errors.Is(err, hub.ErrReadOnly) {
		return Permanentf("a dry run stopped a write that the action should not have tried: %w", err)
	}
	var answer *hub.Error
	if !errors.As(err, &answer) {
		return err
	}
	switch {
	case answer.StatusCode == http.StatusTooManyRequests && answer.RetryAfter > 0:
		return RetryAfter(answer.RetryAfter, err)
	case answer.Temporary():
		return err
	}
	if hint := hubHint(err, answer); hint != "" {
		err = fmt.Errorf("%w (%s)", err, hint)
	}
	return Permanent(err)
}

// hubHint says what a person can do about a refusal of the Hub.
func hubHint(err error, answer *hub.Error) string {
	switch {
	case hub.IsGated(err):
		return "the repository is gated: accept its conditions with the bot's account"
	case hub.IsNotFound(err):
		return "it does not exist, or the bot's token may not see it"
	case answer.StatusCode == http.StatusUnauthorized:
		return "the bot's token is missing, wrong or expired: check HF_TOKEN"
	case answer.StatusCode == http.StatusForbidden:
		return scopeHint(answer)
	}
	return ""
}

// scopeHint names the permission that a refused call needs, by its path
// (https://huggingface.co/docs/hub/security-tokens names them for fine-grained tokens).
func scopeHint(answer *hub.Error) string {
	const account = ", or its account lacks the right"
	switch path := answer.URL; {
	case strings.Contains(path, "/api/jobs/"):
		return "the bot's token lacks the permission job.write for the namespace, or its plan has no Jobs"
	case strings.HasSuffix(path, "/merge"):
		return "the bot's token lacks the permission " + hub.PermissionWrite + " for the repository" + account + " to merge there"
	case strings.Contains(path, "/discussions"):
		return "the bot's token lacks the permission " + hub.PermissionDiscussion + account +
			" to do so, or discussions are disabled there"
	case strings.Contains(path, "/api/settings/webhooks"):
		return "the bot's token lacks the permission " + hub.PermissionWebhooks
	case strings.HasSuffix(path, "/variables"), strings.HasSuffix(path, "/secrets"):
		return "the bot's token lacks the permission " + hub.PermissionWrite + " for the Space" + account + " to see its settings"
	case answer.Method == http.MethodGet || answer.Method == http.MethodHead:
		return "the bot's token lacks the permission " + hub.PermissionRead + " for the repository" + account + " to read it"
	case strings.Contains(path, "/commit/"), strings.Contains(path, "/preupload/"):
		return "the bot's token lacks the permission " + hub.PermissionWrite + " for the repository" + account +
			" to write there: hub.pull_request proposes files instead"
	}
	return "the bot's token lacks the permission " + hub.PermissionWrite + " for the repository" + account + " to write there"
}
