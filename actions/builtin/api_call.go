package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// apiRequest is a call of a JSON API.
type apiRequest struct {
	who     string // for errors
	method  string
	address string
	body    []byte
	headers map[string]hub.Secret
	hints   map[int]string // what to do about a status
	alsoOK  int            // a status that is no failure
}

// maxAPIAnswer bounds an answer that is decoded, in bytes.
const maxAPIAnswer = 4 << 20

// apiCall makes the call, without following redirects, and decodes the answer into out (nil: it is not read).
func apiCall(ctx context.Context, rt *actions.Runtime, r apiRequest, out any) error {
	req, err := http.NewRequestWithContext(ctx, r.method, r.address, bytes.NewReader(r.body))
	if err != nil {
		return actions.Permanent(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range r.headers {
		req.Header.Set(name, value.Reveal())
	}
	resp, err := withoutRedirects(rt.HTTP).Do(req)
	if err != nil {
		return unsent(fmt.Errorf("call %s: %w", r.who, err))
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxAPIAnswer))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", r.who, err)
	}
	if resp.StatusCode == r.alsoOK {
		return nil
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		err := refusal(resp, content)
		if hint := r.hints[resp.StatusCode]; hint != "" {
			err = fmt.Errorf("%w: %s", err, hint)
		}
		return err
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(content, out); err != nil {
		return fmt.Errorf("%s gave an answer that is no JSON: %w", r.who, err)
	}
	return nil
}
