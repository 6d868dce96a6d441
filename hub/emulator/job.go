package emulator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"
)

// JobProcess is a Job that is to be run.
type JobProcess struct {
	ID      string
	Command []string // with its arguments
	Env     []string // NAME=value: the Job's environment and secrets, and what the Hub adds
}

// jobSpec is what a Job shall do (https://huggingface.co/docs/huggingface_hub/guides/jobs).
type jobSpec struct {
	DockerImage string            `json:"dockerImage,omitempty"`
	SpaceID     string            `json:"spaceId,omitempty"`
	Command     []string          `json:"command"`
	Arguments   []string          `json:"arguments"`
	Environment map[string]string `json:"environment"`
	Secrets     map[string]string `json:"secrets,omitempty"`
	Flavor      string            `json:"flavor"`
	Arch        string            `json:"arch,omitempty"`
	Timeout     *int              `json:"timeoutSeconds,omitempty"`
	Attempts    int               `json:"attempts,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Volumes     []spaceVolume     `json:"volumes,omitempty"`
	Expose      *jobPorts         `json:"expose,omitempty"`
}

// jobPorts are what others may reach of a Job.
type jobPorts struct {
	Ports  []int `json:"ports"`
	Public []int `json:"portsPublic,omitempty"` // those of them that need no token
}

const maxPorts = 20

func (p *jobPorts) check() error {
	if p == nil {
		return nil
	}
	if p.Ports == nil {
		return errors.New(`"ports" is required`)
	}
	if len(p.Ports) > maxPorts {
		return fmt.Errorf("a Job exposes at most %d ports", maxPorts)
	}
	for _, port := range p.Ports {
		if port < 1 || port > 65535 {
			return fmt.Errorf("%d is no port", port)
		}
	}
	for _, port := range p.Public {
		if !slices.Contains(p.Ports, port) {
			return fmt.Errorf("the public port %d is not among the exposed ones", port)
		}
	}
	return nil
}

var labelText = regexp.MustCompile(`^[a-zA-Z0-9._-]{0,100}$`)

func checkLabels(labels map[string]string) error {
	for name, value := range labels {
		if name == "" || !labelText.MatchString(name) || !labelText.MatchString(value) {
			return fmt.Errorf("the label %.100q=%.100q must be made of letters, digits, dots, dashes and underscores", name, value)
		}
	}
	return nil
}

func (s jobSpec) check() error {
	switch {
	case s.DockerImage == "" && s.SpaceID == "":
		return errors.New(`a Job needs a "dockerImage" or a "spaceId"`)
	case !knownFlavor(s.Flavor):
		return fmt.Errorf("unknown flavor %.50q", s.Flavor)
	case len(s.Environment)+len(s.Secrets) > maxSettings || len(s.Command)+len(s.Arguments) > maxSettings:
		return errors.New("the Job is too large")
	}
	if err := checkLabels(s.Labels); err != nil {
		return err
	}
	return errors.Join(s.Expose.check(), checkVolumes(s.Volumes))
}

// Stages of a Job.
const (
	jobScheduling = "SCHEDULING"
	jobRunning    = "RUNNING"
	jobCompleted  = "COMPLETED"
	jobCanceled   = "CANCELED"
	jobFailed     = "ERROR"
)

// job is a Job that was asked for.
type job struct {
	id        string
	owner     *account
	creator   *account
	initiator map[string]any
	createdAt time.Time
	spec      jobSpec
	stop      context.CancelFunc // nil: not running

	mu       sync.Mutex
	stage    string
	message  string
	labels   map[string]string
	started  time.Time
	finished time.Time
	lines    []jobLine
	changed  chan struct{} // closed and replaced with each change
	note     func()        // that it is to be saved
}

type jobLine struct {
	Data string    `json:"data"`
	Time time.Time `json:"timestamp"`
}

const (
	maxJobs     = 1000 // kept; the oldest make place
	maxJobLines = 10_000
)

// jobs are the Jobs of all accounts, oldest first. The zero value is ready to use.
type jobs struct {
	mu  sync.Mutex
	all []*job
}

// add enters a new Job and gives the one that makes place for it, nil when there is room.
func (j *jobs) add(made *job) (dropped *job) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.all) >= maxJobs {
		dropped = j.all[0]
		j.all = slices.Delete(j.all, 0, 1)
	}
	j.all = append(j.all, made)
	return dropped
}

// of lists an account's Jobs, newest first.
func (j *jobs) of(owner *account) []*job {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(j.all), func(each *job) bool { return each.owner != owner })
	slices.Reverse(list)
	return list
}

// close ends those that run. What is only recorded stays as it is.
func (j *jobs) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, each := range j.all {
		if each.runs() {
			each.end(jobCanceled, "The local Hub ended")
		}
	}
}

// startJob records a Job and runs it, when the local Hub is told how.
func (s *Server) startJob(owner, creator *account, spec jobSpec, initiator map[string]any, more map[string]string) *job {
	made := &job{
		id: newID(), owner: owner, creator: creator, initiator: initiator, createdAt: time.Now(), spec: spec,
		stage: jobScheduling, labels: maps.Clone(spec.Labels), changed: make(chan struct{}),
		message: "The local Hub runs no Jobs unless it is told to (hfbot hub --run-jobs)",
	}
	s.keepJob(made)
	if dropped := s.jobs.add(made); dropped != nil {
		s.unsaved.put(bucketJobs, dropped.id, gone)
	}
	s.opts.Log("job %s of %s: %q", made.id, owner.name, spec.Command)
	if s.opts.RunJob == nil {
		return made
	}
	ctx, stop := context.WithCancel(context.Background())
	if spec.Timeout != nil && *spec.Timeout > 0 {
		ctx, stop = context.WithTimeout(ctx, time.Duration(*spec.Timeout)*time.Second)
	}
	made.stop = stop
	made.set(func() { made.stage, made.message, made.started = jobRunning, "", time.Now() })
	go func() {
		defer stop()
		err := s.opts.RunJob(ctx, made.process(more), made.print)
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			made.end(jobFailed, "Job timeout")
		case err != nil:
			made.end(jobFailed, err.Error())
		default:
			made.end(jobCompleted, "")
		}
		_ = s.save() // told to the log
	}()
	return made
}

// process is the Job with the environment that the Hub gives it.
func (j *job) process(more map[string]string) JobProcess {
	spec := j.asked()
	env := map[string]string{"JOB_ID": j.id, "ACCELERATOR": "none", "CPU_CORES": "2", "MEMORY": "16Gi"}
	maps.Copy(env, spec.Environment)
	maps.Copy(env, spec.Secrets)
	maps.Copy(env, more)
	run := JobProcess{ID: j.id, Command: slices.Concat(spec.Command, spec.Arguments)}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		run.Env = append(run.Env, name+"="+env[name])
	}
	return run
}

// set changes the Job and wakes those who follow it.
func (j *job) set(do func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	do()
	close(j.changed)
	j.changed = make(chan struct{})
	j.note()
}

// print adds a line to the log.
func (j *job) print(line string) {
	j.set(func() {
		if len(j.lines) < maxJobLines {
			j.lines = append(j.lines, jobLine{line, time.Now().UTC()})
		}
	})
}

// over tells whether the Job has ended; the lock must be held.
func (j *job) over() bool { return j.stage != jobScheduling && j.stage != jobRunning }

// end ends the Job, unless it has ended already.
func (j *job) end(stage, message string) {
	if j.stop != nil {
		j.stop()
	}
	j.set(func() {
		if !j.over() {
			j.stage, j.message, j.finished = stage, message, time.Now()
		}
	})
}

// runs tells whether a process of the Job is there.
func (j *job) runs() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.stage == jobRunning
}

// asked is what the Job shall do, as of now.
func (j *job) asked() jobSpec {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.spec
}

// view is what the Job shall do, without the values of its secrets.
func (s jobSpec) view() map[string]any {
	names := slices.AppendSeq([]string{}, maps.Keys(s.Secrets))
	slices.Sort(names)
	view := map[string]any{
		"command": append([]string{}, s.Command...), "arguments": append([]string{}, s.Arguments...), "flavor": s.Flavor,
		"environment": orEmpty(s.Environment), "secrets": names, "labels": orEmpty(s.Labels),
	}
	for name, text := range map[string]string{"dockerImage": s.DockerImage, "spaceId": s.SpaceID, "arch": s.Arch} {
		if text != "" {
			view[name] = text
		}
	}
	if s.Timeout != nil {
		view["timeout"] = *s.Timeout
	}
	if len(s.Volumes) > 0 {
		view["volumes"] = s.Volumes
	}
	if s.Expose != nil {
		view["expose"] = s.Expose
	}
	return view
}

// orEmpty is the map, or one without entries: clients do not expect null.
func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func (s *Server) jobOwner(a *account) map[string]any {
	return map[string]any{"id": a.id, "name": a.name, "type": a.kind(), "avatarUrl": s.avatarURL(a)}
}

// viewJob renders the Job.
func (s *Server) viewJob(j *job) map[string]any {
	j.mu.Lock()
	defer j.mu.Unlock()
	status := map[string]any{"stage": j.stage, "message": nil, "failureCount": 0}
	if j.message != "" {
		status["message"] = j.message
	}
	if j.spec.Expose != nil {
		urls := []string{}
		for _, port := range j.spec.Expose.Ports {
			urls = append(urls, fmt.Sprintf("https://%s--%d.hf.jobs", j.id, port)) // nothing is there
		}
		status["exposeUrls"] = urls
	}
	view := j.spec.view()
	maps.Copy(view, map[string]any{
		"id": j.id, "type": "job", "createdAt": timestamp(j.createdAt), "status": status, "labels": orEmpty(j.labels),
		"initiator": j.initiator, "owner": s.jobOwner(j.owner),
		"createdBy": map[string]any{"id": j.creator.id, "name": j.creator.name},
	})
	durations := map[string]any{}
	if !j.started.IsZero() {
		view["startedAt"], durations["schedulingSecs"] = timestamp(j.started), j.started.Sub(j.createdAt).Seconds()
	}
	if !j.finished.IsZero() {
		view["finishedAt"], durations["totalSecs"] = timestamp(j.finished), j.finished.Sub(j.createdAt).Seconds()
		if !j.started.IsZero() {
			durations["runningSecs"] = j.finished.Sub(j.started).Seconds()
		}
	}
	view["durations"] = durations
	return view
}
