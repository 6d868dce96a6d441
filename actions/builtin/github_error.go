package builtin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/hfbot/hfbot/actions"
)

// maxErrorBody bounds what is read of an answer that is only quoted in an error, in bytes.
const maxErrorBody = 4 << 10

// maxWait bounds the delay a server may ask for.
const maxWait = time.Hour

// githubError turns a refusal into an error that says what to do. None of these answers means that a workflow started,
// except perhaps a 5xx, which is therefore not marked for retry.
func githubError(in githubIn, resp *http.Response, body []byte) error {
	var answer struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &answer) // not JSON: there is no message to show
	err := fmt.Errorf("GitHub answered %d to the dispatch to %s: %q (request %s)",
		resp.StatusCode, in.Repository, answer.Message, resp.Header.Get("X-GitHub-Request-Id"))
	if wait, limited := githubWait(resp, time.Now()); limited {
		return actions.RetryAfter(wait, err)
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		return err
	}
	if hint := githubHint(in, resp.StatusCode); hint != "" {
		err = fmt.Errorf("%w: %s", err, hint)
	}
	return actions.Permanent(err)
}

// githubWait tells how long to wait when the answer is a rate limit: GitHub uses 429 and 403 for it
// (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
func githubWait(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusForbidden {
		return 0, false
	}
	if wait, ok := retryAfter(resp.Header, now); ok {
		return wait, true
	}
	if resp.Header.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return min(max(time.Unix(reset, 0).Sub(now), time.Second), maxWait), true
		}
	}
	return time.Minute, resp.StatusCode == http.StatusTooManyRequests
}

// githubHint says what a person can do about a status.
func githubHint(in githubIn, status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "the token is wrong or expired"
	case http.StatusForbidden:
		return "the token lacks the permission: Actions (write) for a workflow, Contents (write) for an event"
	case http.StatusNotFound:
		return "the repository or workflow does not exist, or the token may not see it"
	case http.StatusUnprocessableEntity:
		if in.Workflow != "" {
			return fmt.Sprintf("%s on ref %q must have on: workflow_dispatch and declare each input", in.Workflow, in.Ref)
		}
	}
	if status >= http.StatusMultipleChoices && status < http.StatusBadRequest {
		return "redirects are not followed: the repository moved, or api_url is wrong"
	}
	return ""
}
