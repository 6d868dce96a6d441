package actions

import (
	"errors"
	"fmt"
	"net/http"

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
	if hint := hubHint(err, answer.StatusCode); hint != "" {
		err = fmt.Errorf("%w (%s)", err, hint)
	}
	return Permanent(err)
}

// hubHint says what a person can do about a refusal of the Hub.
func hubHint(err error, status int) string {
	switch {
	case hub.IsGated(err):
		return "the repository is gated: accept its conditions with the bot's account"
	case hub.IsNotFound(err):
		return "it does not exist, or the bot's token may not see it"
	case status == http.StatusUnauthorized:
		return "the bot's token is missing, wrong or expired: check HF_TOKEN"
	case status == http.StatusForbidden:
		return "the bot's token lacks the permission, such as write access to the repository or discussion.write, " +
			"or discussions are disabled there"
	}
	return ""
}
