package emulator

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// Error codes that clients tell errors apart by, in the header X-Error-Code.
const (
	codeRepoNotFound     = "RepoNotFound"
	codeRevisionNotFound = "RevisionNotFound"
	codeEntryNotFound    = "EntryNotFound"
	codeGatedRepo        = "GatedRepo"
)

// errAnswered tells that the response has been written already, such as a redirect.
var errAnswered = errors.New("answered")

// fail makes the error of a handler: the header X-Error-Code (when there is a code), X-Error-Message and a JSON body
// with the message. Return it; the body is written when the handler has returned.
func fail(c echo.Context, status int, code, message string) error {
	if code != "" {
		c.Response().Header().Set("X-Error-Code", code)
	}
	return echo.NewHTTPError(status, message)
}

// answerError writes what a handler returned, in the Hub's form.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if errors.Is(err, echo.ErrNotFound) {
		err = s.noRoute(c)
	}
	status := http.StatusInternalServerError
	message := "Internal Error - We're working hard to fix this as soon as possible!"
	var known *echo.HTTPError
	if errors.As(err, &known) {
		status = known.Code
		message, _ = known.Message.(string)
	} else {
		s.opts.Log("%s %s: %v", c.Request().Method, c.Request().URL.Path, err)
	}
	header := c.Response().Header()
	header.Set("X-Error-Message", headerText(message))
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", challenge(c.Request().URL.Path))
	}
	drain(c)
	if c.Request().Method == http.MethodHead {
		_ = c.NoContent(status)
		return
	}
	_ = c.JSON(status, map[string]string{"error": message})
}

// drain reads what a refused request still sends: many clients look at the answer only when they have sent everything,
// and would see a closed connection instead. Who waits to be told to send is not.
func drain(c echo.Context) {
	const most, patience = 256 << 20, 30 * time.Second
	if c.Request().Header.Get("Expect") != "" || c.Request().Body == nil {
		return
	}
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(patience)) // without one it takes longer
	_, _ = io.CopyN(io.Discard, c.Request().Body, most)
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Time{})
}

// challenge asks git for a password and everyone else for a token.
func challenge(path string) string {
	if strings.Contains(path, "/info/refs") || strings.Contains(path, "/git-") || strings.Contains(path, "/info/lfs") {
		return `Basic realm="Authentication required", charset="UTF-8"`
	}
	return `Bearer realm="Authentication required", charset="UTF-8"`
}

// headerText is text that fits on one header line.
func headerText(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, text)
	const limit = 1000
	return clean[:min(len(clean), limit)]
}
