package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// notifyOut is the outputs of the actions that write to people.
type notifyOut struct {
	Sent bool `json:"sent" doc:"the message was taken; false in a dry run"`
}

// notify posts a message with this text to the webhook of a service, which the secret webhook_url names.
func notify(ctx context.Context, rt *actions.Runtime, who, text string, message map[string]any) (notifyOut, error) {
	if strings.TrimSpace(text) == "" {
		return notifyOut{}, actions.Permanentf("the text is empty")
	}
	if rt.DryRun {
		return notifyOut{}, nil
	}
	err := postHook(ctx, rt, who, rt.Secret("webhook_url"), message)
	return notifyOut{Sent: err == nil}, err
}

// postHook posts JSON to an address that is itself a secret, so that no error shows it.
func postHook(ctx context.Context, rt *actions.Runtime, who string, address hub.Secret, in any) error {
	target, err := url.Parse(address.Reveal())
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return actions.Permanentf("the secret webhook_url of %s is no https address", who)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return actions.Permanent(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return actions.Permanentf("the secret webhook_url of %s is no https address", who)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := withoutRedirects(rt.HTTP).Do(req)
	if err != nil {
		return unsent(fmt.Errorf("call %s: %w", who, withoutURL(err)))
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", who, withoutURL(err))
	}
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		return nil
	}
	return hookError(who, resp, content)
}

// withoutURL takes the address out of an error of an HTTP call.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// hookError judges a refusal.
func hookError(who string, resp *http.Response, content []byte) error {
	err := fmt.Errorf("%s answered %d: %q", who, resp.StatusCode, shortText(plainText(string(content))))
	switch wait, ok := retryAfter(resp.Header, time.Now()); {
	case resp.StatusCode == http.StatusTooManyRequests && !ok:
		return actions.RetryAfter(time.Minute, err)
	case resp.StatusCode == http.StatusTooManyRequests, ok && resp.StatusCode == http.StatusServiceUnavailable:
		return actions.RetryAfter(wait, err)
	case resp.StatusCode >= http.StatusInternalServerError:
		return err
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusForbidden, resp.StatusCode == http.StatusGone:
		err = fmt.Errorf("%w: the webhook was removed, or webhook_url is wrong", err)
	}
	return actions.Permanent(err)
}
