package emulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// faultsPath is where faults are switched by HTTP. The Hub has nothing there.
const faultsPath = "/api/local/faults"

// faultDurations are the faults that are written like 2s.
var faultDurations = []string{"rateReset", "delay", "delayDeliveries"}

// faultRoutes switch faults for programs that are no Go tests.
func (s *Server) faultRoutes(e *echo.Echo) {
	e.GET(faultsPath, s.showFaults)
	e.PUT(faultsPath, s.putFaults)
}

func (s *Server) showFaults(c echo.Context) error {
	if _, err := s.requireCaller(c); err != nil {
		return err
	}
	s.hooks.faults.mu.Lock()
	text, err := json.Marshal(s.hooks.faults.faults)
	s.hooks.faults.mu.Unlock()
	if err != nil {
		return err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	for _, name := range faultDurations {
		fields[name] = time.Duration(fields[name].(float64)).String()
	}
	return c.JSON(http.StatusOK, fields)
}

// putFaults replaces all faults; an empty object switches them off.
func (s *Server) putFaults(c echo.Context) error {
	if _, err := s.requireCaller(c); err != nil {
		return err
	}
	fields := map[string]any{}
	if err := decodeJSON(c, &fields); err != nil {
		return err
	}
	for _, name := range faultDurations {
		text, given := fields[name].(string)
		if !given {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return fail(c, http.StatusBadRequest, "", name+`: `+err.Error())
		}
		fields[name] = float64(d)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	var faults Faults
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&faults); err != nil {
		return fail(c, http.StatusBadRequest, "", "the faults: "+err.Error())
	}
	for name, value := range fields {
		if n, isNumber := value.(float64); isNumber && n < 0 {
			return fail(c, http.StatusBadRequest, "", name+" must not be negative")
		}
	}
	s.SetFaults(faults)
	return s.showFaults(c)
}
