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
	e.GET("/api/jobs/hardware", listJobHardware)
	e.POST("/api/jobs/:ns", s.inJobs(s.runJob))
	e.GET("/api/jobs/:ns", s.inJobs(s.listJobs))
	e.GET("/api/jobs/:ns/count", s.inJobs(s.countJobs))
	e.POST("/api/jobs/:ns/auth-check/:perms", s.inJobs(s.mayUseJobs))
	e.POST("/api/jobs/:ns/:job/auth-check/:perms", s.onJob(func(c echo.Context, j *job, who *account) error {
		return s.mayUseJobs(c, j.owner, who)
	}))
	e.GET("/api/jobs/:ns/:job", s.onJob(s.showJob))
	e.GET("/api/jobs/:ns/:job/logs", s.onJob(s.followJob(false)))
	e.GET("/api/jobs/:ns/:job/events", s.onJob(s.followJob(true)))
	e.GET("/api/jobs/:ns/:job/metrics", s.onJob(s.jobMetrics))
	e.POST("/api/jobs/:ns/:job/cancel", s.onJob(s.cancelJob))
	e.POST("/api/jobs/:ns/:job/duplicate", s.onJob(s.duplicateJob))
	e.PUT("/api/jobs/:ns/:job/labels", s.onJob(s.setJobLabels))
	e.PUT("/api/jobs/:ns/:job/expose", s.onJob(s.exposeJob))
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
	made := s.startJob(owner, who, spec, s.jobOwner(who), nil)
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
		if hasLabels(view["labels"].(map[string]string), labels) {
			list = append(list, view)
		}
	}
	from, to := page(c, len(list), number(c, "limit", 100, 1, 1000))
	s.linkNext(c, to, len(list))
	return c.JSON(http.StatusOK, list[from:to])
}

// hasLabels tells whether all of the wanted NAME=VALUE are there.
func hasLabels(labels map[string]string, wanted []string) bool {
	for _, each := range wanted {
		name, value, _ := strings.Cut(each, "=")
		if got, ok := labels[name]; !ok || got != value {
			return false
		}
	}
	return true
}

func (s *Server) countJobs(c echo.Context, owner, _ *account) error {
	stages, count := asked(c, "stage"), 0
	for _, each := range s.jobs.of(owner) {
		each.mu.Lock()
		if len(stages) == 0 || slices.Contains(stages, each.stage) {
			count++
		}
		each.mu.Unlock()
	}
	return c.JSON(http.StatusOK, map[string]int{"count": count})
}

// mayUseJobs is what programs ask that check a person's right for a Job.
func (s *Server) mayUseJobs(c echo.Context, owner, who *account) error {
	return c.JSON(http.StatusOK, map[string]any{
		"namespace": map[string]string{"id": owner.id, "name": owner.name},
		"user":      map[string]string{"id": who.id, "name": who.name},
	})
}

func (s *Server) showJob(c echo.Context, j *job, _ *account) error {
	return c.JSON(http.StatusOK, s.viewJob(j))
}

func (s *Server) cancelJob(c echo.Context, j *job, _ *account) error {
	j.end(jobCanceled, "")
	return c.JSON(http.StatusOK, s.viewJob(j))
}

func (s *Server) duplicateJob(c echo.Context, j *job, who *account) error {
	made := s.startJob(j.owner, who, j.asked(), map[string]any{"type": "duplicated-job", "id": j.id}, nil)
	return c.JSON(http.StatusOK, s.viewJob(made))
}

func (s *Server) setJobLabels(c echo.Context, j *job, _ *account) error {
	labels, err := readLabels(c)
	if err != nil {
		return err
	}
	j.set(func() { j.labels = labels })
	return c.JSON(http.StatusOK, s.viewJob(j))
}

// exposeJob replaces the ports that others may reach.
func (s *Server) exposeJob(c echo.Context, j *job, _ *account) error {
	var ports jobPorts
	if err := decodeJSON(c, &ports); err != nil {
		return err
	}
	if err := ports.check(); err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	j.set(func() { j.spec.Expose = &ports })
	return c.JSON(http.StatusOK, s.viewJob(j))
}

func readLabels(c echo.Context) (map[string]string, error) {
	var in struct {
		Labels map[string]string `json:"labels"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return nil, err
	}
	if err := checkLabels(in.Labels); err != nil {
		return nil, fail(c, http.StatusBadRequest, "", err.Error())
	}
	return in.Labels, nil
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
		j.mu.Lock()
		told, last := max(0, len(j.lines)-number(c, "tail", maxJobLines, 0, maxJobLines)), ""
		j.mu.Unlock()
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
