package dashboard

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"
)

// actions is the catalogue.
func (d *Dashboard) actions(c echo.Context) error {
	return d.answer(c, "actions", func(context.Context, echo.Context) (*page, error) {
		return &page{Title: "Actions", Here: "actions", Static: true, Data: d.Actions.Catalogue().Actions}, nil
	})
}

// action is one of them.
func (d *Dashboard) action(c echo.Context) error {
	e, ok := d.Actions.Get(c.Param("id"))
	if !ok {
		return d.problem(c, http.StatusNotFound, "No such action", "This bot was built without it.")
	}
	return d.answer(c, "action", func(context.Context, echo.Context) (*page, error) {
		return &page{Title: e.Spec.ID, Here: "actions", Static: true, Data: e.Catalogue()}, nil
	})
}
