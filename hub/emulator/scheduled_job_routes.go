package emulator

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// scheduleRoutes keep scheduled Jobs (https://huggingface.co/.well-known/openapi.json).
func (s *Server) scheduleRoutes(e *echo.Echo) {
	e.GET("/api/scheduled-jobs/:ns", s.inJobs(s.listScheduled))
	e.POST("/api/scheduled-jobs/:ns", s.inJobs(s.createScheduled))
	g := e.Group("/api/scheduled-jobs/:ns/:job")
	g.GET("", s.onScheduled(func(c echo.Context, j *scheduledJob, _ *account) error { return s.showScheduled(c, j) }))
	g.DELETE("", s.onScheduled(s.deleteScheduled))
	g.POST("/suspend", s.onScheduled(s.suspend(true)))
	g.POST("/resume", s.onScheduled(s.suspend(false)))
	g.POST("/run", s.onScheduled(s.runScheduled))
	g.POST("/schedule", s.onScheduled(s.reschedule))
	g.PUT("/labels", s.onScheduled(s.setScheduledLabels))
}

func (s *Server) onScheduled(handle func(c echo.Context, j *scheduledJob, who *account) error) echo.HandlerFunc {
	return s.inJobs(func(c echo.Context, owner, who *account) error {
		for _, each := range s.schedule.of(owner) {
			if each.id == param(c, "job") {
				return handle(c, each, who)
			}
		}
		return fail(c, http.StatusNotFound, "", "Scheduled job not found")
	})
}

func (s *Server) createScheduled(c echo.Context, owner, who *account) error {
	var in struct {
		Spec        jobSpec `json:"jobSpec"`
		Schedule    string  `json:"schedule"`
		Suspend     bool    `json:"suspend"`
		Concurrency bool    `json:"concurrency"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := in.Spec.check(); err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	made := &scheduledJob{
		id: newID(), owner: owner, creator: who, createdAt: time.Now(), spec: in.Spec, suspended: in.Suspend,
		concurrency: in.Concurrency,
	}
	if err := made.setRule(in.Schedule); err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	if !s.schedule.add(made) {
		return fail(c, http.StatusForbidden, "", "This account has too many scheduled Jobs: delete some")
	}
	s.changeScheduled(made, func() {})
	return s.showScheduled(c, made)
}

// changeScheduled changes a scheduled Job and waits for its next time.
func (s *Server) changeScheduled(j *scheduledJob, do func()) {
	s.schedule.mu.Lock()
	defer s.schedule.mu.Unlock()
	do()
	s.plan(j)
	s.keepScheduled(j)
}

func (s *Server) listScheduled(c echo.Context, owner, _ *account) error {
	wanted := asked(c, "label")
	list := []map[string]any{}
	for _, each := range s.schedule.of(owner) {
		if view := s.viewScheduled(each); hasLabels(view["jobSpec"].(map[string]any)["labels"].(map[string]string), wanted) {
			list = append(list, view)
		}
	}
	return c.JSON(http.StatusOK, list)
}

func (s *Server) showScheduled(c echo.Context, j *scheduledJob) error {
	return c.JSON(http.StatusOK, s.viewScheduled(j))
}

func (s *Server) deleteScheduled(c echo.Context, j *scheduledJob, _ *account) error {
	s.schedule.remove(j)
	s.unsaved.put(bucketScheduled, j.id, gone)
	return c.NoContent(http.StatusOK)
}

func (s *Server) suspend(suspended bool) func(echo.Context, *scheduledJob, *account) error {
	return func(c echo.Context, j *scheduledJob, _ *account) error {
		s.changeScheduled(j, func() { j.suspended = suspended })
		return s.showScheduled(c, j)
	}
}

func (s *Server) runScheduled(c echo.Context, j *scheduledJob, who *account) error {
	s.schedule.mu.Lock()
	started, err := s.trigger(j, who)
	s.schedule.mu.Unlock()
	if err != nil {
		return commitFailure(c, err)
	}
	return c.JSON(http.StatusOK, s.viewJob(started))
}

func (s *Server) reschedule(c echo.Context, j *scheduledJob, _ *account) error {
	var in struct {
		Schedule string `json:"schedule"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	var err error
	s.changeScheduled(j, func() { err = j.setRule(in.Schedule) })
	if err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	return s.showScheduled(c, j)
}

func (s *Server) setScheduledLabels(c echo.Context, j *scheduledJob, _ *account) error {
	labels, err := readLabels(c)
	if err != nil {
		return err
	}
	s.changeScheduled(j, func() { j.spec.Labels = labels })
	return s.showScheduled(c, j)
}

func (s *Server) viewScheduled(j *scheduledJob) map[string]any {
	s.schedule.mu.Lock()
	defer s.schedule.mu.Unlock()
	status := map[string]any{"lastJob": nil, "nextJobRunAt": timestamp(j.times.Next(time.Now()))}
	if j.last != nil {
		status["lastJob"] = map[string]any{"id": j.last.id, "at": timestamp(j.last.createdAt)}
	}
	view := map[string]any{
		"id": j.id, "type": "scheduled-job", "createdAt": timestamp(j.createdAt), "schedule": j.rule, "suspend": j.suspended,
		"concurrency": j.concurrency, "status": status, "jobSpec": j.spec.view(),
		"owner":     s.jobOwner(j.owner),
		"initiator": s.jobOwner(j.creator),
	}
	return view
}
