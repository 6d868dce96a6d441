package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// deliveryAgent is the User-Agent of deliveries. The Hub's own is not documented.
const deliveryAgent = "hfbot-local-hub (webhook)"

// target is where a try goes, as the webhook's settings are at that moment.
type target struct {
	url    string
	secret hub.Secret
}

// poster carries single tries to their targets.
type poster struct {
	client  *http.Client
	timeout time.Duration
}

// newPoster returns a poster over transport that follows no redirects: the Hub counts anything but a 2xx as a failure.
func newPoster(transport http.RoundTripper, timeout time.Duration) *poster {
	return &poster{
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		timeout: timeout,
	}
}

// post makes one try.
func (p *poster) post(ctx context.Context, to target, d *delivery) outcome {
	result := outcome{began: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	result.status, result.answer, result.err = p.exchange(ctx, to, d)
	result.took = time.Since(result.began)
	return result
}

// exchange sends the body and reads the beginning of the answer.
func (p *poster) exchange(ctx context.Context, to target, d *delivery) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(d.body))
	if err != nil {
		return 0, "", errors.New("the webhook's URL cannot be called")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", deliveryAgent)
	req.Header.Set("Webhook-Id", d.id)
	if to.secret != "" {
		req.Header.Set("X-Webhook-Secret", to.secret.Reveal())
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("no answer: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerRead))
	if err != nil {
		return 0, "", fmt.Errorf("answer %d broke off: %w", resp.StatusCode, err)
	}
	body = body[:min(len(body), maxAnswerKept)]
	return resp.StatusCode, strings.ToValidUTF8(string(body), "\uFFFD"), nil
}

// withoutURL takes the address out of an error of net/http, because its query may hold the secret.
func withoutURL(err error) error {
	var full *url.Error
	if errors.As(err, &full) {
		return full.Err
	}
	return err
}

// plainURL is address without user information, query and fragment, for logs.
func plainURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
