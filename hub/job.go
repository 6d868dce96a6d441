package hub

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Stages of a Job. The set is open.
const (
	JobScheduling = "SCHEDULING"
	JobRunning    = "RUNNING"
	JobCompleted  = "COMPLETED"
	JobCanceled   = "CANCELED"
	JobError      = "ERROR"
	JobDeleted    = "DELETED"
)

// JobSpec is a program to run on the Hub's machines.
type JobSpec struct {
	DockerImage    string            `json:"dockerImage,omitempty"` // or SpaceID
	SpaceID        string            `json:"spaceId,omitempty"`     // "namespace/name" of a Space whose image is run
	Command        []string          `json:"command,omitempty"`
	Arguments      []string          `json:"arguments,omitempty"`
	Environment    map[string]string `json:"environment,omitempty"`
	Secrets        map[string]Secret `json:"-"`              // environment that is never shown
	Flavor         string            `json:"flavor"`         // hardware, such as "cpu-basic"
	Arch           string            `json:"arch,omitempty"` // amd64 or arm64; empty: what the flavor has
	TimeoutSeconds int               `json:"timeoutSeconds,omitempty"`
	Attempts       int               `json:"attempts,omitempty"` // 0 leaves it to the Hub, which tries once
	Labels         map[string]string `json:"labels,omitempty"`
	Volumes        []Volume          `json:"volumes,omitempty"`
}

// wire is the spec as it is sent, with the secrets in the clear and without fields that are null.
func (s JobSpec) wire() any {
	secrets := map[string]string{}
	for name, value := range s.Secrets {
		secrets[name] = value.Reveal()
	}
	if s.Environment == nil {
		s.Environment = map[string]string{}
	}
	return struct {
		JobSpec
		Environment map[string]string `json:"environment"` // the Hub wants it even when it is empty
		Secrets     map[string]string `json:"secrets,omitempty"`
	}{s, s.Environment, secrets}
}

// Job is a program that runs, or ran, on the Hub's machines.
type Job struct {
	ID          string
	Owner       string // user or organisation
	DockerImage string // or SpaceID
	SpaceID     string
	Command     []string
	Arguments   []string
	Environment map[string]string
	Secrets     []string // names
	Flavor      string
	Labels      map[string]string
	Stage       string // JobScheduling, …; the set is open
	Message     string // why it is in this stage; often empty
	CreatedAt   time.Time
	StartedAt   time.Time // zero: not yet
	FinishedAt  time.Time // zero: not yet
}

// Done tells whether the Job has ended, in whatever way.
func (j *Job) Done() bool {
	switch j.Stage {
	case JobCompleted, JobCanceled, JobError, JobDeleted:
		return true
	}
	return false
}

type wireJob struct {
	ID          string            `json:"id"`
	DockerImage string            `json:"dockerImage"`
	SpaceID     string            `json:"spaceId"`
	Command     []string          `json:"command"`
	Arguments   []string          `json:"arguments"`
	Environment map[string]string `json:"environment"`
	Secrets     []string          `json:"secrets"`
	Flavor      string            `json:"flavor"`
	Labels      map[string]string `json:"labels"`
	CreatedAt   wireTime          `json:"createdAt"`
	StartedAt   wireTime          `json:"startedAt"`
	FinishedAt  wireTime          `json:"finishedAt"`
	Status      struct {
		Stage   string `json:"stage"`
		Message string `json:"message"`
	} `json:"status"`
	Owner struct {
		Name string `json:"name"`
	} `json:"owner"`
}

func (w wireJob) job() Job {
	return Job{
		ID: w.ID, Owner: w.Owner.Name, DockerImage: w.DockerImage, SpaceID: w.SpaceID, Command: w.Command,
		Arguments: w.Arguments, Environment: w.Environment, Secrets: w.Secrets, Flavor: w.Flavor, Labels: w.Labels,
		Stage: w.Status.Stage, Message: w.Status.Message, CreatedAt: w.CreatedAt.Time, StartedAt: w.StartedAt.Time,
		FinishedAt: w.FinishedAt.Time,
	}
}

func jobsPath(namespace string) string { return "/api/jobs/" + escapeSegment(namespace) }

func jobPath(namespace, id string) string { return jobsPath(namespace) + "/" + escapeSegment(id) }

// RunJob starts a Job of a user or organisation.
//
// POST /api/jobs/{namespace}
func (c *Client) RunJob(ctx context.Context, namespace string, spec JobSpec) (*Job, error) {
	return c.startJob(ctx, jobsPath(namespace), spec.wire())
}

// Job reads a Job.
//
// GET /api/jobs/{namespace}/{id}
func (c *Client) Job(ctx context.Context, namespace, id string) (*Job, error) {
	var in wireJob
	if err := c.getJSON(ctx, jobPath(namespace, id), nil, &in); err != nil {
		return nil, err
	}
	job := in.job()
	return &job, nil
}

// CancelJob ends a Job. One that has ended stays as it is.
//
// POST /api/jobs/{namespace}/{id}/cancel
func (c *Client) CancelJob(ctx context.Context, namespace, id string) error {
	return c.postJSON(ctx, jobPath(namespace, id)+"/cancel", nil, nil)
}

// DuplicateJob starts a Job once more. Its secrets go along.
//
// POST /api/jobs/{namespace}/{id}/duplicate
func (c *Client) DuplicateJob(ctx context.Context, namespace, id string) (*Job, error) {
	return c.startJob(ctx, jobPath(namespace, id)+"/duplicate", nil)
}

// SetJobLabels replaces a Job's labels.
//
// PUT /api/jobs/{namespace}/{id}/labels
func (c *Client) SetJobLabels(ctx context.Context, namespace, id string, labels map[string]string) error {
	in := map[string]map[string]string{"labels": labels}
	return c.changeJSON(ctx, http.MethodPut, jobPath(namespace, id)+"/labels", in, nil)
}

func (c *Client) startJob(ctx context.Context, path string, in any) (*Job, error) {
	var out wireJob
	if err := c.postJSON(ctx, path, in, &out); err != nil {
		return nil, err
	}
	job := out.job()
	return &job, nil
}

// JobFilter says which Jobs are listed. Empty fields let all through.
type JobFilter struct {
	Stage  string            // JobRunning, …
	Labels map[string]string // all of them
}

// Jobs lists the Jobs of a user or organisation, newest first.
//
// GET /api/jobs/{namespace}
func (c *Client) Jobs(ctx context.Context, namespace string, filter JobFilter) iter.Seq2[Job, error] {
	query := url.Values{}
	if filter.Stage != "" {
		query.Set("stage", filter.Stage)
	}
	for key, value := range filter.Labels {
		query.Add("label", key+"="+value)
	}
	return convert(list[wireJob](ctx, c, c.get(jobsPath(namespace), query)), wireJob.job)
}

// JobLogs follows the log of a Job until the Job or the context ends.
//
// GET /api/jobs/{namespace}/{id}/logs
func (c *Client) JobLogs(ctx context.Context, namespace, id string, opts LogOptions) iter.Seq2[LogLine, error] {
	return c.logs(ctx, jobPath(namespace, id)+"/logs", opts)
}

// pollJob is how often a Job is looked at by WaitForJob.
const pollJob = 5 * time.Second

// WaitForJob waits until a Job has ended, in whatever way, or the context has. Changed, which may be nil, is told of
// each new stage.
func (c *Client) WaitForJob(ctx context.Context, namespace, id string, changed func(*Job)) (*Job, error) {
	last := ""
	for {
		job, err := c.Job(ctx, namespace, id)
		if err != nil {
			return nil, err
		}
		if changed != nil && job.Stage != last {
			changed(job)
		}
		last = job.Stage
		if job.Done() {
			return job, nil
		}
		if err := sleep(ctx, pollJob); err != nil {
			return job, fmt.Errorf("hub: job %s/%s is still in stage %s: %w", namespace, id, job.Stage, err)
		}
	}
}
