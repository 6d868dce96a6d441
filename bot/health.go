package bot

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/store"
)

// readyTimeout bounds what /readyz waits for the Hub.
const readyTimeout = 5 * time.Second

// health answers /healthz (alive) and /readyz (able to work, or what is wrong).
type health struct {
	store    *store.Store
	rules    *ruleBook
	identity *identity
	keeper   *keeper
}

func (h health) register(e *echo.Echo) {
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	e.GET("/readyz", h.ready)
}

// ready names each part and "ok" or what is wrong with it. It says nothing that a stranger may not read.
func (h health) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyTimeout)
	defer cancel()
	parts, status := map[string]string{"database": "ok", "rules": "ok", "hub": "ok"}, http.StatusOK
	if err := h.store.Ping(ctx); errors.Is(err, store.ErrGone) {
		parts["database"], status = "its file was removed or replaced", http.StatusServiceUnavailable
	} else if err != nil {
		parts["database"], status = "does not answer", http.StatusServiceUnavailable
	} else if h.store.Refuses() != nil {
		parts["database"], status = "takes no deliveries: its disk is full, or it cannot be written", http.StatusServiceUnavailable
	}
	if len(h.rules.problems()) > 0 { // no reason to be taken for unready: it works, by the rules before
		parts["rules"] = "the files have errors; the last good rules stay in force"
	} else if len(h.rules.current().Rules) == 0 {
		parts["rules"] = "none loaded"
	}
	switch me, err := h.identity.get(ctx); {
	case err != nil:
		parts["hub"], status = "the token is not accepted, or the Hub does not answer", http.StatusServiceUnavailable
	case me.ID == "":
		parts["hub"] = "no HF_TOKEN: the bot can read public repos only"
	}
	if state := h.keeper.state(); state != "" {
		parts["webhook"] = state // no reason to be taken for unready: deliveries may come all the same
	}
	return c.JSON(status, parts)
}
