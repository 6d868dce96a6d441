package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// jobs runs the Jobs of a test's Hub: command "train" waits to be let go and prints a result, "fail" fails at once.
type jobs struct {
	running chan emulator.JobProcess
	let     chan struct{}
}

func newJobs(t *testing.T) (*actionstest.Harness, *jobs) {
	t.Helper()
	j := &jobs{running: make(chan emulator.JobProcess, 9), let: make(chan struct{})}
	return actionstest.New(t, func(o *emulator.Options) { o.RunJob = j.run }), j
}

func (j *jobs) run(ctx context.Context, process emulator.JobProcess, say func(line string)) error {
	j.running <- process
	say("begin\x1b[31m")
	if process.Command[0] == "fail" {
		say("no such data")
		return errors.New("exit status 3")
	}
	select {
	case <-j.let:
	case <-ctx.Done():
		return ctx.Err()
	}
	say(`{"accuracy": 0.5}`)
	return nil
}

// list are the Jobs of the bot.
func (j *jobs) list(t *testing.T, h *actionstest.Harness) (list []hub.Job) {
	t.Helper()
	for job, err := range h.Bot.Jobs(t.Context(), actionstest.BotName, hub.JobFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, job)
	}
	return list
}

// training is a step that waits for a Job about a pull request.
func training(t *testing.T, h *actionstest.Harness) actionstest.Step {
	t.Helper()
	event := h.OpenPullRequest(t, h.Repo(t, hub.Dataset, map[string]string{"a": "b"}), "More data", map[string]string{"a": "c"})
	return actionstest.Step{
		Uses: "hf.job", Event: event, Secrets: map[string]string{"API_KEY": "s3cret"},
		With: map[string]any{"image": "python:3.12", "command": []any{"train", "-x"}, "env": map[string]any{"A": "b"}},
	}
}

func TestJob(t *testing.T) {
	t.Parallel()
	h, j := newJobs(t)
	step := training(t, h)
	h.CheckDryRun(t, step)
	close(j.let)
	var id any
	for range 2 {
		out := h.MustRun(t, step)
		if out["ok"] != true || out["stage"] != "COMPLETED" || out["log"] != "begin\n{\"accuracy\": 0.5}" ||
			fmt.Sprint(out["json"]) != "map[accuracy:0.5]" || !strings.HasSuffix(out["url"].(string), "/jobs/hfbot/"+out["id"].(string)) {
			t.Errorf("outputs %v", out)
		}
		if id == nil {
			id = out["id"]
		}
		if out["id"] != id {
			t.Error("a second Job was started")
		}
	}
	info, err := h.Bot.RepoInfo(t.Context(), step.Event.Repo.Ref(), "refs/pr/1")
	if err != nil {
		t.Fatal(err)
	}
	process := <-j.running
	if !slices.Equal(process.Command, []string{"train", "-x"}) {
		t.Errorf("command %q", process.Command)
	}
	for _, want := range []string{
		"A=b", "API_KEY=s3cret", "HFBOT_REPO=" + step.Event.Repo.Name, "HFBOT_REPO_TYPE=dataset", "HFBOT_REF=refs/pr/1", "HFBOT_SHA=" + info.SHA,
	} {
		if !slices.Contains(process.Env, want) {
			t.Errorf("%s is not in the environment %q", want, process.Env)
		}
	}
}

func TestJobFails(t *testing.T) {
	t.Parallel()
	h, _ := newJobs(t)
	step := training(t, h)
	step.With["command"] = []any{"fail"}
	if _, err := h.Run(t, step); !actions.IsPermanent(err) || !strings.Contains(err.Error(), "ended as ERROR exit status 3: begin\nno such data") {
		t.Errorf("error %v", err)
	}
	step.With["fail"] = false
	if out := h.MustRun(t, step); out["ok"] != false || out["stage"] != "ERROR" {
		t.Errorf("outputs %v", out)
	}
}

func TestJobIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	h, j := newJobs(t)
	step := training(t, h)
	step.With["wait"] = false
	if out := h.MustRun(t, step); out["stage"] != "RUNNING" || out["ok"] != false || out["id"] == "" {
		t.Errorf("outputs %v", out)
	}
	<-j.running
	close(j.let)
}

// A step that is cut off while it waits finds its Job again; of a cancelled run, the Job ends.
func TestJobOfAStepThatIsCutOff(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cause  error
		logged bool // it is cut off when it has logged the first line, else when the Job begins
		stage  string
	}{
		"the bot stops":                        {errors.New("the bot is stopping"), true, "COMPLETED"},
		"the bot stops while it starts":        {errors.New("the bot is stopping"), false, "COMPLETED"},
		"the run is cancelled":                 {actions.ErrCancelled, true, "CANCELED"},
		"the run is cancelled while it starts": {actions.ErrCancelled, false, "CANCELED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, j := newJobs(t)
			step := training(t, h)
			ctx, cancel := context.WithCancelCause(t.Context())
			logged := make(chan struct{})
			go func() {
				<-j.running
				if test.logged {
					<-logged
				}
				cancel(test.cause)
			}()
			core, _ := observer.New(zap.InfoLevel)
			log := zap.New(core, zap.Hooks(func(e zapcore.Entry) error {
				if e.Message == "begin" {
					close(logged)
				}
				return nil
			}))
			rt := &actions.Runtime{Hub: h.Bot, BotID: "x", BotName: actionstest.BotName, Key: "k", Event: step.Event, Log: log}
			if _, err := entry(t, "hf.job").Run(ctx, rt, step.With); err == nil {
				t.Fatal("the step was not cut off")
			}
			close(j.let)
			step.Key, step.With["fail"] = "k", false
			out := h.MustRun(t, step)
			if list := j.list(t, h); out["stage"] != test.stage || len(list) != 1 || list[0].ID != out["id"] {
				text, _ := json.Marshal(list)
				t.Errorf("outputs %v, Jobs %s", out, text)
			}
		})
	}
}
