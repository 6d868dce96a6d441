package builtin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hfbot/hfbot/actions"
)

// checkWebURL tells why an address may not be called. A user name or password in it is refused: it would be shown.
func checkWebURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("the address cannot be parsed") // the error would repeat the address
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("the address must begin with https:// or http:// and name a host")
	case u.User != nil:
		return errors.New("the address holds a user name: give credentials as a secret")
	}
	return nil
}

// withoutRedirects is a copy of h that gives redirects back instead of following them.
func withoutRedirects(h *http.Client) *http.Client {
	c := *h
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// retryAfter reads a Retry-After header, in seconds or as a date, bounded by maxWait.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxWait), true
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(date.Sub(now), 0), maxWait), true
	}
	return 0, false
}

// unsent marks an error of a call for retry when the request cannot have reached the server: no connection was made.
func unsent(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return actions.RetryAfter(0, fmt.Errorf("%w (nothing was sent)", err))
	}
	return err
}

// nothingStarted marks an error of a call before that which starts something, so that the step is tried again.
func nothingStarted(err error) error {
	_, marked := actions.RetryDelay(err)
	if err == nil || marked || actions.IsPermanent(err) || errors.Is(err, context.Canceled) {
		return err
	}
	return actions.RetryAfter(0, err)
}
