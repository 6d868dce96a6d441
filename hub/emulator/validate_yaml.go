package emulator

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// validateYAML tells whether a card would be taken by a commit. Python asks before every commit with a README.md and
// reads the body whatever the status.
func (s *Server) validateYAML(c echo.Context) error {
	var in struct {
		Content  string       `json:"content"`
		RepoType hub.RepoType `json:"repoType"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	type message struct {
		Message string `json:"message"`
	}
	status, problems, warnings := http.StatusOK, []message{}, []message{}
	card, err := checkCard([]byte(in.Content), in.RepoType)
	switch {
	case err != nil:
		status, problems = http.StatusBadRequest, append(problems, message{err.Error()})
	case card == nil:
		warnings = append(warnings, message{"empty or missing yaml metadata in repo card"})
	}
	return c.JSON(status, map[string]any{"errors": problems, "warnings": warnings})
}
