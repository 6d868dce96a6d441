package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// spaceRoutes set up and watch Spaces (https://huggingface.co/docs/huggingface_hub/guides/manage-spaces).
func (s *Server) spaceRoutes(e *echo.Echo) {
	for _, secret := range []bool{true, false} {
		path := apiRepo + "/variables"
		if secret {
			path = apiRepo + "/secrets"
		}
		e.GET(path, s.ownSpace(s.listSettings(secret)))
		e.POST(path, s.ownSpace(s.putSetting(secret)))
		e.DELETE(path, s.ownSpace(s.deleteSetting(secret)))
	}
	e.GET(apiRepo+"/runtime", s.anySpace(s.showRuntime))
	e.POST(apiRepo+"/restart", s.ownSpace(s.restartSpace))
	e.POST(apiRepo+"/pause", s.ownSpace(s.pauseSpace))
	e.POST(apiRepo+"/sleeptime", s.ownSpace(s.setSleep))
	e.POST(apiRepo+"/hardware", s.ownSpace(s.setHardware))
	e.POST(apiRepo+"/dev-mode", s.ownSpace(s.setDevMode))
	e.PUT(apiRepo+"/volumes", s.ownSpace(s.setVolumes))
	e.DELETE(apiRepo+"/volumes", s.ownSpace(s.deleteVolumes))
	e.GET(apiRepo+"/logs/:log", s.ownSpace(s.spaceLogs))
	e.GET(apiRepo+"/events", s.anySpace(s.spaceEvents))
	e.GET(apiRepo+"/metrics", s.anySpace(s.spaceEvents))
	e.GET("/api/spaces/hardware", listSpaceHardware)
	e.GET("/api/spaces/templates", listTemplates)
}

type spaceHandler func(c echo.Context, r *repo, who *account) error

// anySpace finds the Space that the path names, for those who may see it.
func (s *Server) anySpace(handle spaceHandler) echo.HandlerFunc { return s.onSpace(handle, false) }

// ownSpace is anySpace for those who may change it.
func (s *Server) ownSpace(handle spaceHandler) echo.HandlerFunc { return s.onSpace(handle, true) }

func (s *Server) onSpace(handle spaceHandler, write bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		if requestedRepo(c).Type != hub.Space {
			return fail(c, http.StatusNotFound, "", "Only Spaces have this")
		}
		r, who, err := s.repoFor(c, write)
		if err != nil {
			return err
		}
		return handle(c, r, who)
	}
}

// settingName is how secrets and variables may be called.
var settingName = regexp.MustCompile(`^[a-zA-Z][_a-zA-Z0-9]*$`)

// Bounds of a Space's secrets and variables.
const (
	maxSettings     = 1000
	maxSettingValue = 1 << 20
)

type settingView struct {
	Key         string  `json:"key"`
	Value       *string `json:"value,omitempty"` // of variables only
	Description string  `json:"description,omitempty"`
	UpdatedAt   string  `json:"updatedAt"`
}

func viewSettings(settings map[string]spaceSetting, secret bool) map[string]settingView {
	views := map[string]settingView{}
	for name, each := range settings {
		view := settingView{Key: name, Description: each.description, UpdatedAt: timestamp(each.updatedAt)}
		if !secret {
			view.Value = &each.value
		}
		views[name] = view
	}
	return views
}

func (s *Server) listSettings(secret bool) spaceHandler {
	return func(c echo.Context, r *repo, _ *account) error {
		return c.JSON(http.StatusOK, viewSettings(r.space.settings(secret), secret))
	}
}

// settingInput is a secret or variable as callers send it.
type settingInput struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Description string `json:"description"`
}

func (in settingInput) check() error {
	switch {
	case !settingName.MatchString(in.Key) || len(in.Key) > 200:
		return fmt.Errorf("the key %.200q must match %s", in.Key, settingName)
	case len(in.Value) > maxSettingValue || len(in.Description) > maxSettingValue:
		return fmt.Errorf("the value of %s is longer than 1 MiB", in.Key)
	}
	return nil
}

func (in settingInput) setting() *spaceSetting {
	return &spaceSetting{value: in.Value, description: in.Description, updatedAt: time.Now()}
}

func (s *Server) putSetting(secret bool) spaceHandler {
	return func(c echo.Context, r *repo, who *account) error {
		var in settingInput
		if err := decodeJSON(c, &in); err != nil {
			return err
		}
		if err := in.check(); err != nil {
			return fail(c, http.StatusBadRequest, "", err.Error())
		}
		if len(r.space.settings(secret)) >= maxSettings {
			return fail(c, http.StatusBadRequest, "", "This Space has too many secrets or variables")
		}
		r.space.set(secret, in.Key, in.setting())
		return s.settingsChanged(c, r, who, secret)
	}
}

func (s *Server) deleteSetting(secret bool) spaceHandler {
	return func(c echo.Context, r *repo, who *account) error {
		var in settingInput
		if err := decodeJSON(c, &in); err != nil {
			return err
		}
		if _, ok := r.space.settings(secret)[in.Key]; !ok {
			return fail(c, http.StatusNotFound, "", fmt.Sprintf("This Space has no %.200q", in.Key))
		}
		r.space.set(secret, in.Key, nil)
		return s.settingsChanged(c, r, who, secret)
	}
}

// settingsChanged answers with all there is now, and tells the webhooks that something changed, but not what.
func (s *Server) settingsChanged(c echo.Context, r *repo, who *account, secret bool) error {
	s.configEvent(r, who)
	return c.JSON(http.StatusOK, viewSettings(r.space.settings(secret), secret))
}

// configEvent is the event of a setting whose name is not told.
func (s *Server) configEvent(r *repo, who *account) {
	s.repoEvent(r, who, "update", "repo.config", func(p *hub.Payload) { p.UpdatedConfig = map[string]any{} })
}

func (s *Server) showRuntime(c echo.Context, r *repo, _ *account) error {
	return c.JSON(http.StatusOK, s.runtime(r))
}

// onMachine refuses what Spaces without a machine cannot do, does it and answers with the runtime.
func (s *Server) onMachine(c echo.Context, r *repo, do func(*spaceApp)) error {
	if s.runtime(r).SDK == "static" {
		return fail(c, http.StatusBadRequest, "", "Static Spaces have no machine to do this on")
	}
	r.space.change(func() { do(&r.space) })
	return c.JSON(http.StatusOK, s.runtime(r))
}

func (s *Server) restartSpace(c echo.Context, r *repo, _ *account) error {
	return s.onMachine(c, r, func(a *spaceApp) { a.paused = false })
}

func (s *Server) pauseSpace(c echo.Context, r *repo, _ *account) error {
	return s.onMachine(c, r, func(a *spaceApp) { a.paused = true })
}

func (s *Server) setSleep(c echo.Context, r *repo, _ *account) error {
	var in struct {
		Seconds int `json:"seconds"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if in.Seconds != -1 && in.Seconds <= 0 {
		return fail(c, http.StatusBadRequest, "", `"seconds" is a positive number, or -1 for never`)
	}
	return s.onMachine(c, r, func(a *spaceApp) { a.sleep = in.Seconds })
}

func (s *Server) setHardware(c echo.Context, r *repo, _ *account) error {
	var in struct {
		Flavor string `json:"flavor"`
		Sleep  int    `json:"sleepTimeSeconds"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if !knownFlavor(in.Flavor) {
		return fail(c, http.StatusBadRequest, "", fmt.Sprintf("Unknown hardware %.50q", in.Flavor))
	}
	return s.onMachine(c, r, func(a *spaceApp) {
		a.hardware = in.Flavor
		if in.Sleep != 0 {
			a.sleep = in.Sleep
		}
	})
}

func (s *Server) setDevMode(c echo.Context, r *repo, _ *account) error {
	var in struct {
		Enabled bool `json:"enabled"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	return s.onMachine(c, r, func(a *spaceApp) { a.devMode = in.Enabled })
}

func (s *Server) setVolumes(c echo.Context, r *repo, _ *account) error {
	var in struct {
		Volumes []spaceVolume `json:"volumes"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := checkVolumes(in.Volumes); err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	return s.onMachine(c, r, func(a *spaceApp) { a.volumes = in.Volumes })
}

func checkVolumes(volumes []spaceVolume) error {
	const most = 50
	if len(volumes) > most {
		return fmt.Errorf("%d volumes are too many", len(volumes))
	}
	for _, each := range volumes {
		switch {
		case !strings.HasPrefix(each.MountPath, "/"):
			return fmt.Errorf("the mountPath %.100q must begin with /", each.MountPath)
		case each.Type != "bucket" && each.Type != "model" && each.Type != "dataset" && each.Type != "space":
			return fmt.Errorf("the volume type %.50q is none of bucket, model, dataset, space", each.Type)
		case each.Source == "":
			return fmt.Errorf("a volume needs a source")
		}
	}
	return nil
}

func (s *Server) deleteVolumes(c echo.Context, r *repo, _ *account) error {
	if len(s.runtime(r).Volumes) == 0 {
		return fail(c, http.StatusBadRequest, "", "This Space has no volumes")
	}
	return s.onMachine(c, r, func(a *spaceApp) { a.volumes = nil })
}

// spaceLogs streams what a Space printed. As nothing is run here, it tells just that.
func (s *Server) spaceLogs(c echo.Context, r *repo, _ *account) error {
	if log := param(c, "log"); log != "build" && log != "run" {
		return fail(c, http.StatusNotFound, "", `The log is "build" or "run"`)
	}
	return eventStream(c, []any{map[string]string{
		"data":      "The local Hub builds and runs nothing; the stage of this Space is " + s.runtime(r).Stage + ".\n",
		"timestamp": timestamp(time.Now()),
	}})
}

// spaceEvents streams the runtime as it is now.
func (s *Server) spaceEvents(c echo.Context, r *repo, _ *account) error {
	return eventStream(c, []any{s.runtime(r)})
}

// eventStream answers with server-sent events, one for each message.
func eventStream(c echo.Context, messages []any) error {
	header := c.Response().Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache")
	c.Response().WriteHeader(http.StatusOK)
	for _, message := range messages {
		text, err := json.Marshal(message)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(c.Response(), "data: %s\n\n", text); err != nil {
			return nil //nolint:nilerr // the client is gone, so there is nobody to tell
		}
	}
	return nil
}
