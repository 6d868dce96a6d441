package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// jobRoutes record Jobs (https://huggingface.co/docs/huggingface_hub/guides/jobs).
func (s *Server) jobRoutes(e *echo.Echo) {
	e.GET("/api/jobs/hardware", listHardware)
	e.POST("/api/jobs/:ns", s.inJobs(s.runJob))
	e.GET("/api/jobs/:ns", s.inJobs(s.listJobs))
	e.GET("/api/jobs/:ns/:job", s.onJob(s.showJob))
	e.GET("/api/jobs/:ns/:job/logs", s.onJob(s.followJob(false)))
	e.GET("/api/jobs/:ns/:job/events", s.onJob(s.followJob(true)))
	e.GET("/api/jobs/:ns/:job/metrics", s.onJob(s.jobMetrics))
	e.POST("/api/jobs/:ns/:job/cancel", s.onJob(s.cancelJob))
	e.POST("/api/jobs/:ns/:job/duplicate", s.onJob(s.duplicateJob))
	e.PUT("/api/jobs/:ns/:job/labels", s.onJob(s.setJobLabels))
}

// inJobs finds the account whose Jobs the path is about, for those who may run some there.
func (s *Server) inJobs(handle func(c echo.Context, owner, who *account) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, err := s.require(c, mayRunJobs)
		if err != nil {
			return err
		}
		owner := s.namespace(param(c, "ns"), who)
		if owner == nil {
			return fail(c, http.StatusForbidden, "", "You have no access to the Jobs of "+param(c, "ns"))
		}
		return handle(c, owner, who)
	}
}

func (s *Server) onJob(handle func(c echo.Context, j *job, who *account) error) echo.HandlerFunc {
	return s.inJobs(func(c echo.Context, owner, who *account) error {
		for _, each := range s.jobs.of(owner) {
			if each.id == param(c, "job") {
				return handle(c, each, who)
			}
		}
		return fail(c, http.StatusNotFound, "", "Job not found")
	})
}

func (s *Server) runJob(c echo.Context, owner, who *account) error {
	var spec jobSpec
	if err := decodeJSON(c, &spec); err != nil {
		return err
	}
	if err := spec.check(); err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	made := s.startJob(owner, who, spec, map[string]any{"type": "user", "id": who.id, "name": who.name}, nil)
	return c.JSON(http.StatusOK, s.viewJob(made))
}

func (s *Server) listJobs(c echo.Context, owner, _ *account) error {
	stages, labels := asked(c, "stage"), asked(c, "label")
	list := []map[string]any{}
	for _, each := range s.jobs.of(owner) {
		view := s.viewJob(each)
		if len(stages) > 0 && !slices.Contains(stages, view["status"].(map[string]any)["stage"].(string)) {
			continue
		}
		has := view["labels"].(map[string]string)
		if slices.ContainsFunc(labels, func(label string) bool {
			name, value, _ := strings.Cut(label, "=")
			got, ok := has[name]
			return !ok || got != value
		}) {
			continue
		}
		list = append(list, view)
	}
	from, to := page(c, len(list), number(c, "limit", 100, 1, 1000))
	s.linkNext(c, to, len(list))
	return c.JSON(http.StatusOK, list[from:to])
}

func (s *Server) showJob(c echo.Context, j *job, _ *account) error {
	return c.JSON(http.StatusOK, s.viewJob(j))
}

func (s *Server) cancelJob(c echo.Context, j *job, _ *account) error {
	j.end(jobCanceled, "")
	return c.JSON(http.StatusOK, s.viewJob(j))
}

func (s *Server) duplicateJob(c echo.Context, j *job, who *account) error {
	made := s.startJob(j.owner, who, j.spec, map[string]any{"type": "duplicated-job", "id": j.id}, nil)
	return c.JSON(http.StatusOK, s.viewJob(made))
}

func (s *Server) setJobLabels(c echo.Context, j *job, _ *account) error {
	var in struct {
		Labels map[string]string `json:"labels"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := checkLabels(in.Labels); err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	j.set(func() { j.labels = in.Labels })
	return c.JSON(http.StatusOK, s.viewJob(j))
}

// jobMetrics streams nothing: the local Hub measures no Jobs.
func (s *Server) jobMetrics(c echo.Context, _ *job, _ *account) error { return eventStream(c, nil) }

// followJob streams the log line by line, or the status at each change, until the Job has ended. What only is recorded
// never ends by itself, so its stream ends at once.
func (s *Server) followJob(events bool) func(echo.Context, *job, *account) error {
	return func(c echo.Context, j *job, _ *account) error {
		if err := eventStream(c, nil); err != nil {
			return err
		}
		told, last := 0, ""
		for {
			j.mu.Lock()
			var messages []any
			if !events {
				for _, line := range j.lines[told:] {
					messages = append(messages, line)
				}
				told = len(j.lines)
			} else if j.stage != last {
				last = j.stage
				messages = append(messages, map[string]any{"status": map[string]any{"stage": j.stage, "message": j.message}})
			}
			over, changed := j.over() || s.opts.RunJob == nil, j.changed
			j.mu.Unlock()
			for _, message := range messages {
				text, err := json.Marshal(message)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintf(c.Response(), "data: %s\n\n", text); err != nil {
					return nil //nolint:nilerr // the client is gone
				}
			}
			c.Response().Flush()
			if over {
				return nil
			}
			select {
			case <-changed:
			case <-c.Request().Context().Done():
				return nil
			}
		}
	}
}
