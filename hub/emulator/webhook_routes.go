package emulator

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// webhookRoutes adds the settings of webhooks (https://huggingface.co/docs/hub/webhooks), and their activity lists,
// which the real Hub shows on a page only.
func (s *Server) webhookRoutes(e *echo.Echo) {
	g := e.Group("/api/settings/webhooks")
	g.GET("", s.withAccount(s.listWebhooks))
	g.POST("", s.withAccount(s.createWebhook))
	g.GET("/:webhook", s.withWebhook(showWebhook))
	g.POST("/:webhook", s.withWebhook(s.updateWebhook))
	g.DELETE("/:webhook", s.withWebhook(s.deleteWebhook))
	g.POST("/:webhook/enable", s.withWebhook(s.switchWebhook(webhookEnabled)))
	g.POST("/:webhook/disable", s.withWebhook(s.switchWebhook(webhookDisabled)))
	g.GET("/:webhook/logs", s.withWebhook(s.webhookLogs))
	g.POST("/:webhook/replay/:log", s.withWebhook(s.replayDelivery))
}

// withAccount refuses anonymous calls: webhooks belong to an account.
func (s *Server) withAccount(handle func(echo.Context, *account) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		caller, err := s.require(c, mayHook)
		if err != nil {
			return err
		}
		return handle(c, caller)
	}
}

// withWebhook finds the webhook named in the path among those of the caller; other accounts' webhooks do not exist for
// it.
func (s *Server) withWebhook(handle func(echo.Context, *webhook) error) echo.HandlerFunc {
	return s.withAccount(func(c echo.Context, caller *account) error {
		w := s.hooks.find(caller, c.Param("webhook"))
		if w == nil {
			return fail(c, http.StatusNotFound, "", "No webhook with this id")
		}
		return handle(c, w)
	})
}

func (s *Server) listWebhooks(c echo.Context, caller *account) error {
	views := []webhookView{}
	for _, w := range s.hooks.of(caller) {
		views = append(views, w.view())
	}
	return c.JSON(http.StatusOK, views)
}

func (s *Server) createWebhook(c echo.Context, caller *account) error {
	settings, err := s.readWebhook(c, caller, false)
	if err != nil {
		return err
	}
	w := newWebhook(caller, settings, s.outbox().policy.Concurrency)
	if !s.hooks.add(w) {
		return fail(c, http.StatusForbidden, "", "This account has too many webhooks: delete some")
	}
	return showWebhook(c, w)
}

func (s *Server) updateWebhook(c echo.Context, w *webhook) error {
	settings, err := s.readWebhook(c, w.owner, true)
	if err != nil {
		return err
	}
	w.change(settings)
	return showWebhook(c, w)
}

func (s *Server) deleteWebhook(c echo.Context, w *webhook) error {
	s.hooks.remove(w)
	return c.JSON(http.StatusOK, struct{}{})
}

func (s *Server) switchWebhook(state webhookState) func(echo.Context, *webhook) error {
	return func(c echo.Context, w *webhook) error {
		w.switchTo(state)
		return showWebhook(c, w)
	}
}

func (s *Server) webhookLogs(c echo.Context, w *webhook) error {
	views := []deliveryLogView{}
	for _, entry := range w.activity() {
		views = append(views, entry.view())
	}
	return c.JSON(http.StatusOK, views)
}

// replayDelivery sends a kept delivery again, with its id and body, to the present URL.
func (s *Server) replayDelivery(c echo.Context, w *webhook) error {
	for _, entry := range w.activity() {
		if entry.id != c.Param("log") {
			continue
		}
		result, err := s.outbox().replay(c.Request().Context(), entry.sent)
		if err == nil {
			err = result.err
		}
		if err != nil {
			return fail(c, http.StatusBadGateway, "", err.Error())
		}
		return c.JSON(http.StatusOK, map[string]int{"status": result.status})
	}
	return fail(c, http.StatusNotFound, "", "No delivery with this id in the webhook's activity")
}

// showWebhook answers with one webhook.
func showWebhook(c echo.Context, w *webhook) error {
	return c.JSON(http.StatusOK, map[string]webhookView{"webhook": w.view()})
}

// readWebhook reads and checks the settings sent.
func (s *Server) readWebhook(c echo.Context, caller *account, update bool) (webhookSettings, error) {
	var in webhookInput
	if err := decodeJSON(c, &in); err != nil {
		return webhookSettings{}, err
	}
	if in.JobSourceID != "" {
		if in.Job = s.jobs.specOf(caller, in.JobSourceID); in.Job == nil {
			return webhookSettings{}, fail(c, http.StatusBadRequest, "", "jobSourceId names no Job of yours")
		}
	}
	settings, err := in.settings(update)
	if err != nil {
		return webhookSettings{}, fail(c, http.StatusBadRequest, "", err.Error())
	}
	return settings, nil
}
