package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hfJob{}) }

// hfJob runs a program on the Hub's machines.
type hfJob struct{}

// jobIn is the inputs of hf.job.
type jobIn struct {
	Image     string            `json:"image" oneof:"image" doc:"container image, such as python:3.12"`
	Space     string            `json:"space" oneof:"image" doc:"Space whose image is run, such as acme/trainer"`
	Command   []string          `json:"command" required:"true" doc:"program and arguments; no shell takes them apart"`
	Env       map[string]string `json:"env" doc:"environment of the program"`
	Flavor    string            `json:"flavor" default:"cpu-basic" doc:"hardware, such as t4-small"`
	Timeout   time.Duration     `json:"timeout" default:"30m" doc:"the Hub ends the Job after this time"`
	Namespace string            `json:"namespace" doc:"user or organisation that pays; the bot's own account by default"`
	Wait      bool              `json:"wait" default:"true" doc:"wait for its end; without, the step ends when it is started"`
	LogLines  int               `json:"log_lines" default:"100" doc:"how many of the last lines of its log to give"`
	Fail      bool              `json:"fail" default:"true" doc:"the step fails when the Job does"`
}

// jobOut is the outputs of hf.job.
type jobOut struct {
	ID      string  `json:"id" doc:"id of the Job; empty in a dry run"`
	URL     string  `json:"url" doc:"page of the Job"`
	Stage   string  `json:"stage" doc:"COMPLETED, ERROR, CANCELED, or what it is in without wait"`
	OK      bool    `json:"ok" doc:"it completed"`
	Message string  `json:"message" doc:"what the Hub says of the stage"`
	Log     string  `json:"log" doc:"the last lines of its log, at most 64 KiB"`
	JSON    any     `json:"json" doc:"the last line of the log decoded, when it is JSON: the Job's result"`
	Seconds float64 `json:"seconds" doc:"how long it ran"`
}

const (
	maxJobLog   = 64 << 10
	jobKeyLabel = "hfbot-key"
	maxJobLine  = 4000             // characters
	jobLogAgain = 10 * time.Second // before a log that broke off is read again
)

// Validate implements actions.Validator.
func (in *jobIn) Validate() error {
	switch {
	case len(in.Command) == 0:
		return errors.New("command needs a program")
	case in.Timeout < time.Second:
		return errors.New("timeout must be at least 1s")
	case in.LogLines < 0 || in.LogLines > 10_000:
		return fmt.Errorf("log_lines must be 0 to 10000, got %d", in.LogLines)
	}
	for name := range in.Env {
		if !envName.MatchString(name) {
			return fmt.Errorf("env: %q is no name of a variable", name)
		}
	}
	return nil
}

// Spec implements actions.Action.
func (hfJob) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hf.job",
		Summary: "Run a program as a Hub Job and wait for its result.",
		Description: "The Job is labelled with the run's key: a step that is tried again, also after the bot was restarted, " +
			"finds it and waits on. What the program prints is in the step's log meanwhile; its last line, when it is JSON, is " +
			"the output `json`. It also gets HFBOT_REPO, HFBOT_REPO_TYPE, HFBOT_SHA and HFBOT_REF. Cancelling the run ends the Job that " +
			"is waited for; its own `timeout` ends any. The token needs the right to run Jobs (of a fine-grained token: " +
			"job.write) and the account a plan with Jobs (https://huggingface.co/docs/hub/jobs).",
		Effect:     actions.HubWrite,
		Idempotent: true,
		Timeout:    2 * time.Hour,
		Secrets: []actions.SecretSpec{{
			Name: actions.AnySecret, Doc: "becomes a secret variable of that name in the Job's environment",
		}},
		Example: "uses: hf.job\nid: train\nwith:\n  image: python:3.12\n  command: [python, -c, \"print('{}')\"]\n" +
			"  flavor: t4-small\n  timeout: 1h\nsecrets: {HF_TOKEN: TRAIN_TOKEN}",
	}
}

// Run implements actions.Action.
func (hfJob) Run(ctx context.Context, rt *actions.Runtime, in jobIn) (jobOut, error) {
	if in.Namespace == "" {
		me, err := ownAccount(ctx, rt)
		if err != nil {
			return jobOut{}, err
		}
		in.Namespace = me.name
	}
	label := map[string]string{jobKeyLabel: stepID(rt)}
	job, err := in.earlier(ctx, rt, label)
	if err != nil {
		return jobOut{}, err
	}
	if job == nil {
		if rt.DryRun {
			return jobOut{}, nil
		}
		spec, err := in.spec(ctx, rt, label)
		if err != nil {
			return jobOut{}, err
		}
		if job, err = rt.Hub.RunJob(ctx, in.Namespace, spec); err != nil {
			return jobOut{}, errors.Join(fmt.Errorf("start a Job of %s: %w", in.Namespace, err), in.stop(ctx, rt, label))
		}
	}
	if in.Wait {
		ended, err := in.await(ctx, rt, job.ID)
		if err != nil {
			return jobOut{}, errors.Join(fmt.Errorf("wait for the Job: %w", err), in.stop(ctx, rt, label))
		}
		job = ended
	}
	return in.result(ctx, rt, job)
}

// await waits for the end of a Job and logs what it prints meanwhile.
func (in jobIn) await(ctx context.Context, rt *actions.Runtime, id string) (*hub.Job, error) {
	following, stop := context.WithCancel(ctx)
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		in.follow(following, rt, id)
	}()
	defer func() {
		stop()
		<-followed
	}()
	return rt.Hub.WaitForJob(ctx, in.Namespace, id, func(j *hub.Job) { rt.Report(0, 0, "Job "+j.ID+": "+j.Stage) })
}

// follow logs what a Job prints, each line once. A log that breaks off is read again, since a Job that is yet to start has
// none; what is lost in the end is in the outputs.
func (in jobIn) follow(ctx context.Context, rt *actions.Runtime, id string) {
	for logged := 0; ; {
		read := 0
		for line, err := range rt.Hub.JobLogs(ctx, in.Namespace, id, hub.LogOptions{}) {
			if err != nil {
				break
			}
			if read++; read > logged {
				rt.Log.Info(cutRunes(strings.TrimRight(plainText(line.Text), "\n"), maxJobLine))
				logged = read
			}
		}
		if pause(ctx, jobLogAgain) != nil {
			return
		}
	}
}

// stop ends the Job of a run that was cancelled, also one whose start was not answered any more.
func (in jobIn) stop(ctx context.Context, rt *actions.Runtime, label map[string]string) error {
	return ifCancelled(ctx, "the Job", func(ctx context.Context) error {
		job, err := in.earlier(ctx, rt, label)
		if err != nil || job == nil || job.Done() {
			return err
		}
		return rt.Hub.CancelJob(ctx, in.Namespace, job.ID)
	})
}

// earlier finds the Job of an earlier try.
func (in jobIn) earlier(ctx context.Context, rt *actions.Runtime, label map[string]string) (*hub.Job, error) {
	for job, err := range rt.Hub.Jobs(ctx, in.Namespace, hub.JobFilter{Labels: label}) {
		if err != nil {
			return nil, fmt.Errorf("list the Jobs of %s: %w", in.Namespace, err)
		}
		if job.Labels[jobKeyLabel] == label[jobKeyLabel] {
			return &job, nil
		}
	}
	return nil, nil
}

// spec is what the Hub is to run.
func (in jobIn) spec(ctx context.Context, rt *actions.Runtime, label map[string]string) (hub.JobSpec, error) {
	spec := hub.JobSpec{
		DockerImage: in.Image, SpaceID: in.Space, Command: in.Command, Environment: map[string]string{},
		Secrets: rt.Secrets, Flavor: in.Flavor, TimeoutSeconds: int(in.Timeout.Seconds()), Labels: label,
	}
	sha, ref := rt.SHA, rt.Ref
	if rt.Event != nil {
		repo := rt.Event.Repo.Ref()
		var err error
		if sha, err = eventCommit(ctx, rt, repo); err != nil {
			return spec, err
		}
		ref = eventRef(rt, repo)
		spec.Environment["HFBOT_REPO"], spec.Environment["HFBOT_REPO_TYPE"] = repo.Name, string(repo.Type)
	}
	spec.Environment["HFBOT_SHA"], spec.Environment["HFBOT_REF"] = sha, ref
	maps.Copy(spec.Environment, in.Env)
	return spec, nil
}

// result reads how the Job ended.
func (in jobIn) result(ctx context.Context, rt *actions.Runtime, job *hub.Job) (jobOut, error) {
	out := jobOut{
		ID: job.ID, URL: rt.Hub.Endpoint() + "/jobs/" + in.Namespace + "/" + job.ID, Stage: job.Stage,
		OK: job.Stage == hub.JobCompleted, Message: job.Message,
	}
	if !job.FinishedAt.IsZero() && !job.StartedAt.IsZero() {
		out.Seconds = job.FinishedAt.Sub(job.StartedAt).Seconds()
	}
	if !job.Done() {
		return out, nil
	}
	lines, err := in.log(ctx, rt, job.ID)
	if err != nil {
		return out, err
	}
	out.Log = strings.Join(lines, "\n")
	if n := len(lines); n > 0 && json.Unmarshal([]byte(lines[n-1]), &out.JSON) != nil {
		out.JSON = nil // no JSON
	}
	if !out.OK && in.Fail {
		return out, actions.Permanentf("Job %s ended as %s %s: %s", out.URL, out.Stage, out.Message, lastLines(out.Log, ""))
	}
	return out, nil
}

// log reads the end of the Job's log.
func (in jobIn) log(ctx context.Context, rt *actions.Runtime, id string) ([]string, error) {
	if in.LogLines == 0 {
		return nil, nil
	}
	var lines []string
	size := 0
	for line, err := range rt.Hub.JobLogs(ctx, in.Namespace, id, hub.LogOptions{Tail: in.LogLines}) {
		if err != nil {
			return nil, fmt.Errorf("read the log of Job %s: %w", id, err)
		}
		text := cutRunes(strings.TrimRight(plainText(line.Text), "\n"), maxJobLine)
		lines, size = append(lines, text), size+len(text)+1
		for len(lines) > in.LogLines || size > maxJobLog {
			size -= len(lines[0]) + 1
			lines = slices.Delete(lines, 0, 1)
		}
	}
	return lines, nil
}
