package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrReadOnly is what a read-only client answers to a write.
var ErrReadOnly = errors.New("hub: this client is read-only")

// Codes that the Hub gives in the header X-Error-Code.
const (
	codeRepoNotFound     = "RepoNotFound"
	codeRevisionNotFound = "RevisionNotFound"
	codeEntryNotFound    = "EntryNotFound"
	codeGatedRepo        = "GatedRepo"
)

// What the Hub says in X-Error-Message where it gives no code.
const (
	badToken        = "Invalid credentials in Authorization header"
	disabledMessage = "Access to this resource is disabled."
)

const (
	maxErrorBody    = 64 << 10
	maxErrorMessage = 2000
)

// Error is an answer of 400 and above.
type Error struct {
	Method     string
	URL        string        // without query
	StatusCode int           // of HTTP; 429 also for a call that was not made because the request budget is used up
	Code       string        // X-Error-Code, such as "RepoNotFound"; often empty
	Message    string        // what the Hub says, shortened
	RequestID  string        // to quote to the Hub's support; may be empty
	RetryAfter time.Duration // 0: unknown
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "hub: %s %s: %d %s", e.Method, e.URL, e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		b.WriteString(" (" + e.Code + ")")
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RequestID != "" {
		b.WriteString(" [request " + e.RequestID + "]")
	}
	return b.String()
}

// Temporary tells whether the same call may succeed later.
func (e *Error) Temporary() bool { return retryableStatus(e.StatusCode) }

// IsNotFound tells whether the Hub says that the repository, revision or file does not exist. It hides private
// repositories in the same way from those who may not see them.
func IsNotFound(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case codeRepoNotFound, codeRevisionNotFound, codeEntryNotFound:
		return true
	case "":
		return e.StatusCode == http.StatusNotFound || e.hidesRepo()
	}
	return e.StatusCode == http.StatusNotFound
}

// repoAddress is an address of something in a repository.
var repoAddress = regexp.MustCompile(`/api/(models|datasets|spaces)/|/resolve/`)

// hidesRepo tells whether a 401 without a code stands for a repository that the caller may not know of, as the Hub's own
// Python client has it (huggingface_hub, utils/_http.py).
func (e *Error) hidesRepo() bool {
	return e.StatusCode == http.StatusUnauthorized && e.Message != badToken && repoAddress.MatchString(e.URL)
}

// IsConflict tells whether what should be made exists already (409).
func IsConflict(err error) bool { return hasStatus(err, http.StatusConflict) && !isBusy(err) }

// isBusy tells whether the Hub did nothing because it works on the same name just now.
func isBusy(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.StatusCode == http.StatusConflict &&
		strings.Contains(e.Message, "another conflicting operation is in progress")
}

// IsDisabled tells whether the Hub's staff has switched the repository off.
func IsDisabled(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Message == disabledMessage
}

// IsPaymentRequired tells whether the account's plan does not include what was asked for (402).
func IsPaymentRequired(err error) bool { return hasStatus(err, http.StatusPaymentRequired) }

// IsOutdated tells whether a commit was refused because the branch has moved on from its parent commit (412).
func IsOutdated(err error) bool { return hasStatus(err, http.StatusPreconditionFailed) }

// IsForbidden tells whether the token lacks the right to do this (401 and 403 that do not stand for "not found").
func IsForbidden(err error) bool {
	return !IsNotFound(err) && (hasStatus(err, http.StatusUnauthorized) || hasStatus(err, http.StatusForbidden))
}

// IsGated tells whether the repository's owner must grant access first.
func IsGated(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == codeGatedRepo
}

func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.StatusCode == status
}

// answerError makes an Error of an answer of 400 and above and closes its body.
func (c *Client) answerError(resp *http.Response) *Error {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		body = nil // a broken body must not hide the status
	}
	message := resp.Header.Get("X-Error-Message")
	if message == "" {
		message = bodyMessage(resp.Header.Get("Content-Type"), body)
	}
	e := &Error{
		Method:     resp.Request.Method,
		URL:        cleanURL(resp.Request.URL),
		StatusCode: resp.StatusCode,
		Code:       resp.Header.Get("X-Error-Code"),
		Message:    c.scrub(shorten(message, maxErrorMessage)),
		RetryAfter: retryAfter(resp),
	}
	for _, name := range []string{"X-Request-Id", "X-Amzn-Trace-Id", "X-Amz-Cf-Id"} {
		if e.RequestID == "" {
			e.RequestID = shorten(resp.Header.Get(name), 100)
		}
	}
	return e
}

// scrub takes the token out of a text that the server chose.
func (c *Client) scrub(text string) string {
	if c.token == "" {
		return text
	}
	return strings.ReplaceAll(text, c.token.Reveal(), Redacted)
}

// bodyMessage finds the reason in an error body: {"error": "…"}, {"error": […]}, {"message": "…"} or
// {"errors": [{"message": "…"}]}.
func bodyMessage(contentType string, body []byte) string {
	var known struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
		Message     string          `json:"message"`
		Errors      []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &known) != nil {
		if strings.Contains(contentType, "html") || !utf8.Valid(body) {
			return ""
		}
		return strings.TrimSpace(string(body))
	}
	var parts []string
	var text string
	if json.Unmarshal(known.Error, &text) == nil {
		parts = append(parts, text)
	} else if json.Unmarshal(known.Error, &parts) != nil {
		parts = nil
	}
	parts = append(parts, known.Description, known.Message)
	for _, e := range known.Errors {
		parts = append(parts, e.Message)
	}
	return strings.Join(nonEmpty(parts), "; ")
}

func nonEmpty(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

// cleanURL is an address as errors show it: no query (it may be a signature), no credentials, no fragment.
func cleanURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// shorten cuts a text to at most limit bytes without cutting a character.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
