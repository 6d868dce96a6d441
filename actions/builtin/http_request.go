package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(httpRequest{}) }

const (
	maxAnswer    = 256 << 10 // bytes of an answer that become outputs
	maxRedirects = 5
)

// headerName is the shape of a header's name (https://www.rfc-editor.org/rfc/rfc9110#name-tokens).
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// httpRequest calls an address.
type httpRequest struct{}

// httpIn is the inputs of http.request.
type httpIn struct {
	URL     string            `json:"url" required:"true" doc:"address to call"`
	Method  string            `json:"method" enum:"GET,HEAD,POST,PUT,PATCH,DELETE" doc:"GET, or POST with json or body"`
	Headers map[string]string `json:"headers" doc:"request headers; credentials belong into the secret"`
	JSON    any               `json:"json" doc:"value to send as JSON"`
	Body    string            `json:"body" doc:"text to send"`
	Expect  []int             `json:"expect" doc:"statuses that mean success; any 2xx by default"`
	Sign    string            `json:"sign" enum:"github,standard" doc:"sign with secret hmac: X-Hub-Signature-256, Standard Webhooks"`
	Repeat  bool              `json:"repeat" doc:"the server heeds Idempotency-Key: a failed call may be repeated whatever its method"`
}

// httpOut is the outputs of http.request.
type httpOut struct {
	Status int    `json:"status" doc:"status of the answer"`
	Body   string `json:"body" doc:"the answer, at most 256 KiB of it"`
	JSON   any    `json:"json" doc:"the answer decoded, when it is JSON and not longer than that"`
}

// Validate implements actions.Validator.
func (in *httpIn) Validate() error {
	if in.JSON != nil && in.Body != "" {
		return errors.New("give json or body, not both")
	}
	if in.hasBody() && (in.Method == http.MethodGet || in.Method == http.MethodHead) {
		return fmt.Errorf("%s sends no json or body", in.Method)
	}
	for name, value := range in.Headers {
		if !headerName.MatchString(name) || strings.ContainsAny(value, "\r\n\x00") {
			return fmt.Errorf("header %q holds what no header can, such as a line end", name)
		}
		switch http.CanonicalHeaderKey(name) {
		case "Authorization", "Cookie", "Proxy-Authorization":
			return fmt.Errorf("header %s: give it as the secret authorization", name)
		case "Host", "Content-Length", "Transfer-Encoding", "Connection":
			return fmt.Errorf("header %s cannot be set", name)
		}
	}
	for _, status := range in.Expect {
		if status < 100 || status > 599 {
			return fmt.Errorf("expect: %d is no HTTP status", status)
		}
	}
	if err := checkWebURL(in.URL); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	return nil
}

// hasBody tells whether something is sent.
func (in *httpIn) hasBody() bool { return in.JSON != nil || in.Body != "" }

// Spec implements actions.Action.
func (httpRequest) Spec() actions.Spec {
	return actions.Spec{
		ID:      "http.request",
		Summary: "Call an address over HTTP.",
		Description: "Private addresses are refused unless the settings allow them; at most 5 redirects are followed. " +
			"Calls other than GET and HEAD carry the run's idempotency key in the header `Idempotency-Key`. Since not " +
			"every server heeds it, a call is repeated only when it had no effect: no connection was made, or the " +
			"server answered 429 or 503 and said when to come back; a GET, HEAD, PUT or DELETE also after a 5xx or a broken " +
			"connection, and any method with `repeat`. How often is for the step's `retry` to say. `sign: github` adds " +
			"the HMAC-SHA256 of the body as GitHub's webhooks do; `sign: standard` adds webhook-id, webhook-timestamp and " +
			"webhook-signature (https://www.standardwebhooks.com).",
		Effect: actions.External,
		Secrets: []actions.SecretSpec{{
			Name: "authorization", Doc: "value of the Authorization header, such as \"Bearer …\"",
		}, {
			Name: "hmac", Doc: "key that sign signs with; for standard in base64, with or without whsec_",
		}},
		Example: "uses: http.request\nwith:\n  url: https://example.org/hook\n  json: {repo: \"${{ repo.name }}\"}\n" +
			"secrets: {authorization: HOOK_AUTHORIZATION}",
	}
}

// Run implements actions.Action.
func (httpRequest) Run(ctx context.Context, rt *actions.Runtime, in httpIn) (httpOut, error) {
	req, err := in.request(ctx, rt)
	if err != nil {
		return httpOut{}, actions.Permanent(err)
	}
	reads := req.Method == http.MethodGet || req.Method == http.MethodHead
	if rt.DryRun && !reads {
		return httpOut{}, nil
	}
	resp, err := boundedRedirects(rt.HTTP).Do(req)
	if err != nil {
		return httpOut{}, in.repeatable(req.Method, unsent(err))
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return httpOut{}, in.repeatable(req.Method, fmt.Errorf("read the answer of %s: %w", req.URL.Host, err))
	}
	if !in.expects(resp.StatusCode) {
		return httpOut{}, in.repeatable(req.Method, refusal(resp, content))
	}
	return answer(resp.StatusCode, content), nil
}

// repeatable marks an error for retry when the call may be made again: its method says so
// (https://www.rfc-editor.org/rfc/rfc9110#name-idempotent-methods), or the rule.
func (in *httpIn) repeatable(method string, err error) error {
	_, marked := actions.RetryDelay(err)
	if marked || actions.IsPermanent(err) || errors.Is(err, context.Canceled) {
		return err
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return actions.RetryAfter(0, err)
	}
	if in.Repeat {
		return actions.RetryAfter(0, err)
	}
	return err
}

// request builds the call.
func (in *httpIn) request(ctx context.Context, rt *actions.Runtime) (*http.Request, error) {
	content := []byte(in.Body)
	if in.JSON != nil {
		var err error
		if content, err = json.Marshal(in.JSON); err != nil {
			return nil, fmt.Errorf("json: %w", err)
		}
	}
	method := in.Method
	if method == "" && in.hasBody() {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, in.URL, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	if in.JSON != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if rt.Key != "" && req.Method != http.MethodGet && req.Method != http.MethodHead {
		req.Header.Set("Idempotency-Key", stepID(rt))
	}
	for name, value := range in.Headers {
		req.Header.Set(name, value)
	}
	if secret := rt.Secret("authorization"); secret != "" {
		req.Header.Set("Authorization", secret.Reveal())
	}
	if in.Sign != "" {
		if err := sign(req, in.Sign, rt.Secret("hmac"), stepID(rt), content, time.Now()); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// expects tells whether a status means success.
func (in *httpIn) expects(status int) bool {
	if len(in.Expect) > 0 {
		return slices.Contains(in.Expect, status)
	}
	return status >= 200 && status <= 299
}

// refusal is the error for an unexpected status.
func refusal(resp *http.Response, content []byte) error {
	shown := content[:min(len(content), 200)]
	err := fmt.Errorf("%s %s answered %d: %q", resp.Request.Method, resp.Request.URL.Host, resp.StatusCode, shown)
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		if wait, ok := retryAfter(resp.Header, time.Now()); ok {
			return actions.RetryAfter(wait, err)
		}
		return err
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		return err
	}
	return actions.Permanent(err)
}

// answer makes the outputs.
func answer(status int, content []byte) httpOut {
	out := httpOut{Status: status}
	if len(content) > maxAnswer {
		content = content[:maxAnswer]
	} else if err := json.Unmarshal(content, &out.JSON); err != nil {
		out.JSON = nil // no JSON
	}
	out.Body = strings.ToValidUTF8(string(content), "\uFFFD")
	return out
}

// boundedRedirects is a copy of h that follows at most maxRedirects. Go takes the Authorization header along only
// within a domain.
func boundedRedirects(h *http.Client) *http.Client {
	c := *h
	c.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return actions.Permanentf("more than %d redirects", maxRedirects)
		}
		return nil
	}
	return &c
}
