package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxAnswer bounds a JSON answer. The largest are repository infos that list every file.
	maxAnswer = 32 << 20
	// answerTimeout bounds one try of a call whose whole answer is read at once.
	answerTimeout = 3 * time.Minute
)

// Kinds of calls that the Hub counts apart.
const (
	kindAPI     = "api"
	kindResolve = "resolvers"
)

// call is one HTTP call: what is sent, and how often it may be sent.
type call struct {
	method      string
	url         string // absolute, escaped
	query       url.Values
	accept      string
	contentType string
	rangeHeader string
	body        func() (io.ReadCloser, error) // nil: none; opened anew for each try
	size        int64                         // of the body; -1: unknown
	kind        string                        // kindAPI when empty
	idempotent  bool                          // may be sent again when it is not known whether it was carried out
	write       bool                          // changes something: refused by a read-only client
	anonymous   bool                          // the address itself carries the permission (signed uploads)
	absent      bool                          // asks for something to be gone: not found after a first try is success
	patient     bool                          // the answer may be silent for long
	noFollow    bool                          // return a redirect that leads out of the Hub
	alsoAnswer  int                           // a status of 400 and above whose body is an answer like that of 200
}

// refusal is a failure that another try cannot mend.
type refusal struct {
	error
	answered bool // the Hub answered that it did the call, but the answer is of no use
}

// Unwrap gives the failure itself.
func (r *refusal) Unwrap() error { return r.error }

// get is a call that reads from the API.
func (c *Client) get(path string, query url.Values) call {
	return call{method: http.MethodGet, url: c.url(path), query: query, idempotent: true}
}

// post is a call that posts JSON to the API and changes something there, see change.
func (c *Client) post(path string, in any) (call, error) { return c.change(http.MethodPost, path, in) }

// change is a call that sends JSON to the API (in nil: no body) and changes something there. A POST is not repeated
// unless it is certain that nothing was done.
func (c *Client) change(method, path string, in any) (call, error) {
	request := call{method: method, url: c.url(path), write: true}
	// To put or delete twice is as good as once.
	request.absent = method == http.MethodDelete
	request.idempotent = request.absent || method == http.MethodPut
	if in == nil {
		return request, nil
	}
	body, err := json.Marshal(in)
	if err != nil {
		return call{}, fmt.Errorf("hub: encode the request: %w", err)
	}
	return request.with("application/json", body), nil
}

// with adds a body.
func (r call) with(contentType string, body []byte) call {
	r.contentType, r.size = contentType, int64(len(body))
	r.body = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return r
}

// postJSON posts in (nil: no body) and decodes the answer into out (nil: not read).
func (c *Client) postJSON(ctx context.Context, path string, in, out any) error {
	return c.changeJSON(ctx, http.MethodPost, path, in, out)
}

// postIdempotent is postJSON of what may be sent again when no answer came: twice does as much as once.
func (c *Client) postIdempotent(ctx context.Context, path string, in, out any) error {
	request, err := c.post(path, in)
	if err != nil {
		return err
	}
	request.idempotent = true
	_, err = c.json(ctx, request, out)
	return err
}

// changeJSON sends in with a method (nil: no body) and decodes the answer into out (nil: not read).
func (c *Client) changeJSON(ctx context.Context, method, path string, in, out any) error {
	request, err := c.change(method, path, in)
	if err != nil {
		return err
	}
	_, err = c.json(ctx, request, out)
	return err
}

// getJSON gets and decodes the answer into out.
func (c *Client) getJSON(ctx context.Context, path string, query url.Values, out any) error {
	_, err := c.json(ctx, c.get(path, query), out)
	return err
}

// json makes a call and decodes the answer into out, unless out is nil. It returns the answer's headers.
func (c *Client) json(ctx context.Context, r call, out any) (http.Header, error) {
	if r.accept == "" {
		r.accept = "application/json"
	}
	var header http.Header
	err := c.repeat(ctx, r, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		resp, err := c.once(ctx, r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		header = resp.Header
		return c.decode(resp, out)
	})
	return header, err
}

func (c *Client) decode(resp *http.Response, out any) error {
	if out == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	where := resp.Request.Method + " " + cleanURL(resp.Request.URL)
	if err != nil {
		return fmt.Errorf("hub: %s: read the answer: %w", where, err)
	}
	if len(body) > maxAnswer {
		return &refusal{fmt.Errorf("hub: %s: the answer is larger than %d bytes", where, maxAnswer), true}
	}
	if err := json.Unmarshal(body, out); err != nil {
		return &refusal{fmt.Errorf("hub: %s: the answer is not the expected JSON: %w", where, err), true}
	}
	return nil
}

// open makes a call and returns the answer with its body open.
func (c *Client) open(ctx context.Context, r call) (*http.Response, error) {
	var resp *http.Response
	err := c.repeat(ctx, r, func(ctx context.Context) error {
		var err error
		//nolint:bodyclose // the caller closes it
		resp, err = c.openOnce(ctx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// openOnce makes one try, whose body does not wait for ever unless the call is patient.
func (c *Client) openOnce(ctx context.Context, r call) (*http.Response, error) {
	if r.patient {
		return c.once(ctx, r)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	resp, err := c.once(ctx, r)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	resp.Body = &stallBody{resp.Body, ctx, cancel}
	return resp, nil
}

// repeat tries a call until it succeeds, fails for good, or was tried often enough.
func (c *Client) repeat(ctx context.Context, r call, try func(context.Context) error) error {
	if r.write && c.readOnly {
		return ErrReadOnly
	}
	for attempt := 0; ; attempt++ {
		if err := c.await(ctx, r); err != nil {
			return err
		}
		err := try(ctx)
		if attempt > 0 && r.absent && IsNotFound(err) {
			return nil
		}
		if err == nil || attempt == len(backoff) || !mayRetry(ctx, err, r.idempotent) {
			return r.doubt(err)
		}
		if err := c.pause(ctx, attempt, err); err != nil {
			return err
		}
	}
}

// doubt marks the failure of a write that may have been carried out.
func (r call) doubt(err error) error {
	if err == nil || !r.write || r.idempotent || !carriedOut(err) {
		return err
	}
	shown := r.url
	if address, parseErr := url.Parse(r.url); parseErr == nil {
		shown = cleanURL(address)
	}
	return &AmbiguousError{Method: r.method, URL: shown, Err: err}
}

// await waits for the request budget.
func (c *Client) await(ctx context.Context, r call) error {
	if r.anonymous {
		return ctx.Err()
	}
	left, err := c.budget.take(ctx, r.budgetKind())
	if left == 0 {
		return err
	}
	address, parseErr := url.Parse(r.url)
	if parseErr != nil {
		return &refusal{error: errors.New("hub: malformed address")}
	}
	return &Error{
		Method: r.method, URL: cleanURL(address), StatusCode: http.StatusTooManyRequests, RetryAfter: left,
		Message: "the call was not made, because the Hub's rate limit is used up",
	}
}

func (r call) budgetKind() string {
	if r.kind == "" {
		return kindAPI
	}
	return r.kind
}

// once makes one try. An answer of 400 and above is an *Error.
func (c *Client) once(ctx context.Context, r call) (*http.Response, error) {
	if !r.anonymous {
		defer c.budget.give(r.budgetKind())
	}
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	carrier := c.http
	if r.noFollow {
		carrier = c.noFollow
	}
	var conn connection
	resp, err := carrier.Do(req.WithContext(conn.watch(ctx)))
	if err != nil {
		// The text of a *url.Error has the whole address in it, with the signature of a signed one.
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		err = fmt.Errorf("hub: %s %s: %w", req.Method, cleanURL(req.URL), err)
		if conn.missed() {
			err = &notSentError{err}
		}
		return nil, err
	}
	if !r.anonymous {
		c.warnings.note(resp.Header, c.scrub)
		c.budget.note(r.budgetKind(), resp.Header)
	}
	if resp.StatusCode >= http.StatusBadRequest && resp.StatusCode != r.alsoAnswer {
		return nil, c.answerError(resp)
	}
	return resp, nil
}

// request builds the HTTP request of a call.
func (c *Client) request(ctx context.Context, r call) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, nil)
	if err != nil {
		return nil, &refusal{error: errors.New("hub: malformed address")}
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" || req.URL.Host == "" {
		return nil, &refusal{error: fmt.Errorf("hub: %s is no http or https address", cleanURL(req.URL))}
	}
	if len(r.query) > 0 {
		req.URL.RawQuery = r.query.Encode()
	}
	for name, value := range map[string]string{
		"Accept": r.accept, "Content-Type": r.contentType, "Range": r.rangeHeader, "User-Agent": c.agent,
	} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if !r.anonymous && c.token != "" && sameOrigin(req.URL, c.endpoint) {
		req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	if r.body != nil {
		open := func() (io.ReadCloser, error) {
			body, err := r.body()
			if err != nil {
				return nil, &refusal{error: err}
			}
			return ownBody{body}, nil
		}
		if req.Body, err = open(); err != nil {
			return nil, err
		}
		req.GetBody, req.ContentLength = open, r.size
	}
	return req, nil
}

// ownBody is a body whose failure is ours: the call ends unfinished, so the Hub cannot have carried it out, and another
// try would fail in the same way.
type ownBody struct{ io.ReadCloser }

// Read implements io.Reader.
func (b ownBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &refusal{error: err}
	}
	return n, err
}
