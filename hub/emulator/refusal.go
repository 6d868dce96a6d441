package emulator

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"
)

// refusal is a change of a repository's content that is not taken, by a commit or by a push, with the text its author
// should see.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.message }

func reject(message string) error {
	return &refusal{status: http.StatusBadRequest, message: message}
}

// errStale tells a commit with an expected parent that the branch moved on.
var errStale = &refusal{
	status:  http.StatusPreconditionFailed,
	message: "The branch was updated since you opened this page. Please refresh and try again.",
}

// commitFailure is the answer for a failed change.
func commitFailure(c echo.Context, err error) error {
	var known *refusal
	switch {
	case errors.As(err, &known):
		return fail(c, known.status, known.code, known.message)
	case errors.Is(err, errNoRevision):
		return noRevision(c)
	case errors.Is(err, errRefMoved):
		return fail(c, http.StatusConflict, "", "The branch is being updated by others. Please try again.")
	}
	return err
}

// noRevision is the answer for a revision that names nothing.
func noRevision(c echo.Context) error {
	return fail(c, http.StatusNotFound, codeRevisionNotFound, "Invalid rev id: "+revision(c))
}
