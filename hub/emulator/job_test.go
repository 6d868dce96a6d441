package emulator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestJobsAreRecorded(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	const spec = `{"dockerImage":"python:3.12","command":["python","-c","print(1)"],"flavor":"cpu-basic",
		"environment":{"A":"1"},"secrets":{"TOKEN":"hidden"},"labels":{"kind":"test"}}`
	made := l.call("ann", "POST", "/api/jobs/ann", spec, 200)
	path := "/api/jobs/ann/" + made.field("id").(string)
	if made.field("status", "stage") != "SCHEDULING" || made.field("secrets", 0) != "TOKEN" ||
		made.field("environment", "A") != "1" || made.field("owner", "name") != "ann" {
		t.Errorf("job: %v", made.body)
	}
	l.call("bob", "POST", "/api/jobs/ann", spec, 403)
	l.call("bob", "GET", path, "", 403)
	l.call("", "GET", path, "", 401)
	l.call("ann", "GET", "/api/jobs/ann/ffffffffffffffffffffffff", "", 404)
	l.call("ann", "POST", "/api/jobs/ann", `{"command":["x"],"flavor":"cpu-basic"}`, 400)
	l.call("ann", "POST", "/api/jobs/ann", `{"dockerImage":"i","command":["x"],"flavor":"abacus"}`, 400)
	l.call("ann", "PUT", path+"/labels", `{"labels":{"kind":"other"}}`, 200)
	again := l.call("ann", "POST", path+"/duplicate", "", 200)
	if again.field("initiator", "type") != "duplicated-job" {
		t.Errorf("duplicate: %v", again.body)
	}
	for query, want := range map[string]int{"": 2, "?label=kind%3Dother": 1, "?label=kind%3Dnone": 0, "?stage=CANCELED": 1} {
		if query == "?stage=CANCELED" {
			l.call("ann", "POST", path+"/cancel", "", 200)
		}
		if got := l.call("ann", "GET", "/api/jobs/ann"+query, "", 200).body.([]any); query != "" && len(got) != want {
			t.Errorf("%s: %d jobs, want %d", query, len(got), want)
		}
	}
}

func TestJobsRunWhenSwitchedOn(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{RunJob: func(_ context.Context, p JobProcess, say func(string)) error {
		say("first")
		say(strings.Join(p.Command, " "))
		if !slices.Contains(p.Env, "TOKEN=hidden") || !slices.Contains(p.Env, "JOB_ID="+p.ID) {
			return errors.New("the environment is incomplete")
		}
		return nil
	}})
	made := l.call("ann", "POST", "/api/jobs/ann", `{"dockerImage":"i","command":["echo"],"arguments":["hello"],
		"flavor":"cpu-basic","secrets":{"TOKEN":"hidden"}}`, 200)
	path := "/api/jobs/ann/" + made.field("id").(string)
	if status, log := l.read("ann", path+"/logs"); status != 200 || !strings.Contains(log, `data: {"data":"echo hello"`) {
		t.Errorf("log: %d %q", status, log)
	}
	if _, log := l.read("ann", path+"/logs?tail=1"); strings.Contains(log, "first") || !strings.Contains(log, "hello") {
		t.Errorf("the last line: %q", log)
	}
	if done := l.call("ann", "GET", path, "", 200); done.field("status", "stage") != "COMPLETED" || done.field("finishedAt") == nil {
		t.Errorf("job: %v", done.body)
	}
}

func TestJobPorts(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	made := l.call("ann", "POST", "/api/jobs/ann", `{"dockerImage":"i","flavor":"inf2x6","expose":{"ports":[8000]}}`, 200)
	id := made.field("id").(string)
	if made.field("status", "exposeUrls", 0) != "https://"+id+"--8000.hf.jobs" {
		t.Errorf("made: %v", made.body)
	}
	path := "/api/jobs/ann/" + id + "/expose"
	changed := l.call("ann", "PUT", path, `{"ports":[80,81],"portsPublic":[81]}`, 200)
	if changed.field("expose", "portsPublic", 0) != 81.0 || changed.field("status", "exposeUrls", 1) != "https://"+id+"--81.hf.jobs" {
		t.Errorf("changed: %v", changed.body)
	}
	for _, body := range []string{`{}`, `{"ports":[0]}`, `{"ports":[1],"portsPublic":[2]}`} {
		l.call("ann", "PUT", path, body, 400)
	}
	l.call("bob", "PUT", path, `{"ports":[80]}`, 403)
}

func TestWebhookStartsAJob(t *testing.T) {
	t.Parallel()
	got := make(chan JobProcess, 10)
	l := startLocal(t, Options{RunJob: func(_ context.Context, p JobProcess, _ func(string)) error {
		got <- p
		return nil
	}})
	hook := l.call("ann", "POST", "/api/settings/webhooks", `{"watched":[{"type":"user","name":"ann"}],"domains":["repo"],
		"secret":"shh","job":{"dockerImage":"i","command":["run"],"flavor":"cpu-basic","secrets":{"TOKEN":"hidden"}}}`, 200)
	if hook.field("webhook", "job", "command", 0) != "run" || !slices.Equal(hook.field("webhook", "job", "secrets").([]any), []any{"TOKEN"}) {
		t.Errorf("webhook: %v", hook.body)
	}
	l.makeRepo("model", "m", "")
	started := <-got
	for _, want := range []string{"WEBHOOK_REPO_ID=ann/m", "WEBHOOK_REPO_TYPE=model", "WEBHOOK_SECRET=shh", "TOKEN=hidden"} {
		if !slices.Contains(started.Env, want) {
			t.Errorf("%s is missing: %q", want, started.Env)
		}
	}
	if !slices.ContainsFunc(started.Env, func(each string) bool {
		return strings.HasPrefix(each, `WEBHOOK_PAYLOAD={"event":{"action":"create","scope":"repo"}`)
	}) {
		t.Errorf("payload: %q", started.Env)
	}
}
