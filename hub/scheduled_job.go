package hub

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// ScheduledJob starts a Job again and again
// (https://huggingface.co/docs/huggingface_hub/guides/jobs).
type ScheduledJob struct {
	ID         string
	Owner      string // user or organisation
	Schedule   string // as in ScheduledJobInput
	Suspended  bool
	Concurrent bool
	LastJob    string    // id; empty: none yet
	LastJobAt  time.Time // zero: none yet
	NextJobAt  time.Time // zero: none, or unknown
	CreatedAt  time.Time
}

// ScheduledJobInput is a Job to be started again and again.
type ScheduledJobInput struct {
	Job        JobSpec
	Schedule   string // a cron expression such as "0 6 * * 1", in UTC, or @hourly, @daily, @weekly, @monthly or @yearly
	Suspended  bool   // nothing is started until it is resumed
	Concurrent bool   // start a Job also while the one before it still runs
}

type wireScheduledJob struct {
	ID         string   `json:"id"`
	Schedule   string   `json:"schedule"`
	Suspended  bool     `json:"suspend"`
	Concurrent bool     `json:"concurrency"`
	CreatedAt  wireTime `json:"createdAt"`
	Owner      struct {
		Name string `json:"name"`
	} `json:"owner"`
	Status struct {
		LastJob struct { // null before the first
			ID string   `json:"id"`
			At wireTime `json:"at"`
		} `json:"lastJob"`
		NextJobAt wireTime `json:"nextJobRunAt"`
	} `json:"status"`
}

func (w wireScheduledJob) job() ScheduledJob {
	return ScheduledJob{
		ID: w.ID, Owner: w.Owner.Name, Schedule: w.Schedule, Suspended: w.Suspended, Concurrent: w.Concurrent,
		LastJob: w.Status.LastJob.ID, LastJobAt: w.Status.LastJob.At.Time, NextJobAt: w.Status.NextJobAt.Time,
		CreatedAt: w.CreatedAt.Time,
	}
}

func scheduledPath(namespace string) string { return "/api/scheduled-jobs/" + escapeSegment(namespace) }

func scheduledJobPath(namespace, id string) string {
	return scheduledPath(namespace) + "/" + escapeSegment(id)
}

// ScheduleJob has a Job of a user or organisation started again and again.
//
// POST /api/scheduled-jobs/{namespace}
func (c *Client) ScheduleJob(ctx context.Context, namespace string, in ScheduledJobInput) (*ScheduledJob, error) {
	body := struct {
		Job        any    `json:"jobSpec"`
		Schedule   string `json:"schedule"`
		Suspended  bool   `json:"suspend,omitempty"`
		Concurrent bool   `json:"concurrency,omitempty"`
	}{in.Job.wire(), in.Schedule, in.Suspended, in.Concurrent}
	var out wireScheduledJob
	if err := c.postJSON(ctx, scheduledPath(namespace), body, &out); err != nil {
		return nil, err
	}
	job := out.job()
	return &job, nil
}

// ScheduledJob reads a scheduled Job.
//
// GET /api/scheduled-jobs/{namespace}/{id}
func (c *Client) ScheduledJob(ctx context.Context, namespace, id string) (*ScheduledJob, error) {
	var out wireScheduledJob
	if err := c.getJSON(ctx, scheduledJobPath(namespace, id), nil, &out); err != nil {
		return nil, err
	}
	job := out.job()
	return &job, nil
}

// ScheduledJobs lists the scheduled Jobs of a user or organisation.
//
// GET /api/scheduled-jobs/{namespace}
func (c *Client) ScheduledJobs(ctx context.Context, namespace string) iter.Seq2[ScheduledJob, error] {
	return convert(list[wireScheduledJob](ctx, c, c.get(scheduledPath(namespace), nil)), wireScheduledJob.job)
}

// RunScheduledJob starts a scheduled Job now, besides its schedule. While one still runs it is an error for which
// [IsConflict] is true, unless they may run at the same time.
//
// POST /api/scheduled-jobs/{namespace}/{id}/run
func (c *Client) RunScheduledJob(ctx context.Context, namespace, id string) (*Job, error) {
	return c.startJob(ctx, scheduledJobPath(namespace, id)+"/run", nil)
}

// SuspendScheduledJob has a scheduled Job start nothing until it is resumed.
//
// POST /api/scheduled-jobs/{namespace}/{id}/suspend
func (c *Client) SuspendScheduledJob(ctx context.Context, namespace, id string) error {
	return c.postIdempotent(ctx, scheduledJobPath(namespace, id)+"/suspend", nil, nil)
}

// ResumeScheduledJob has a suspended one start Jobs again.
//
// POST /api/scheduled-jobs/{namespace}/{id}/resume
func (c *Client) ResumeScheduledJob(ctx context.Context, namespace, id string) error {
	return c.postIdempotent(ctx, scheduledJobPath(namespace, id)+"/resume", nil, nil)
}

// DeleteScheduledJob ends a schedule. A Job that runs goes on.
//
// DELETE /api/scheduled-jobs/{namespace}/{id}
func (c *Client) DeleteScheduledJob(ctx context.Context, namespace, id string) error {
	return c.changeJSON(ctx, http.MethodDelete, scheduledJobPath(namespace, id), nil, nil)
}
