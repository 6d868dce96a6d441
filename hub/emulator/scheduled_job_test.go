package emulator

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

const scheduledSpec = `{"jobSpec":{"dockerImage":"i","command":["run"],"flavor":"cpu-basic","secrets":{"TOKEN":"hidden"},
	"labels":{"kind":"test"}},"schedule":"@hourly","suspend":false,"concurrency":false}`

func TestScheduledJobs(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	l := startLocal(t, Options{RunJob: func(ctx context.Context, _ JobProcess, _ func(string)) error {
		select {
		case <-goOn:
		case <-ctx.Done():
		}
		return nil
	}})
	made := l.call("ann", "POST", "/api/scheduled-jobs/ann", scheduledSpec, 200)
	path := "/api/scheduled-jobs/ann/" + made.field("id").(string)
	if made.field("type") != "scheduled-job" || made.field("jobSpec", "command", 0) != "run" ||
		made.field("jobSpec", "secrets", 0) != "TOKEN" || made.field("owner", "name") != "ann" ||
		made.field("status", "lastJob") != nil || made.field("status", "nextJobRunAt") == nil {
		t.Errorf("scheduled job: %v", made.body)
	}
	l.call("bob", "GET", path, "", 403)
	l.call("ann", "GET", "/api/scheduled-jobs/ann/ffffffffffffffffffffffff", "", 404)
	for _, bad := range []string{"", "whenever", "* * *", "0 0 30 2 *", "@reboot"} {
		l.call("ann", "POST", path+"/schedule", `{"schedule":"`+bad+`"}`, 400)
	}
	if got := l.call("ann", "POST", path+"/schedule", `{"schedule":"0 9 * * 1"}`, 200); got.field("schedule") != "0 9 * * 1" {
		t.Errorf("schedule: %v", got.body)
	}
	for call, want := range map[string]bool{"/suspend": true, "/resume": false} {
		if got := l.call("ann", "POST", path+call, "", 200); got.field("suspend") != want {
			t.Errorf("%s: %v", call, got.body)
		}
	}
	run := l.call("ann", "POST", path+"/run", "", 200)
	if run.field("type") != "job" || run.field("initiator", "type") != "scheduled-job" {
		t.Errorf("run: %v", run.body)
	}
	l.call("ann", "POST", path+"/run", "", 409)
	close(goOn)
	l.read("ann", "/api/jobs/ann/"+run.field("id").(string)+"/logs") // until it has ended
	l.call("ann", "POST", path+"/run", "", 200)
	l.call("ann", "PUT", path+"/labels", `{"labels":{"kind":"other"}}`, 200)
	for query, want := range map[string]int{"": 1, "?label=kind%3Dother": 1, "?label=kind%3Dtest": 0} {
		if got := l.call("ann", "GET", "/api/scheduled-jobs/ann"+query, "", 200).body.([]any); len(got) != want {
			t.Errorf("%q: %v", query, got)
		}
	}
	l.call("ann", "DELETE", path, "", 200)
	l.call("ann", "GET", path, "", 404)
	if got := l.call("ann", "GET", "/api/jobs/ann/count?stage=RUNNING&stage=COMPLETED", "", 200); got.field("count") != 2.0 {
		t.Errorf("count: %v", got.body)
	}
	l.call("ann", "POST", "/api/jobs/ann/auth-check/read", "", 200)
	l.call("bob", "POST", "/api/jobs/ann/auth-check/read", "", 403)
}

// TestScheduledJobsStartOnTime lets hours pass on a clock of its own.
func TestScheduledJobsStartOnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{BaseURL: "http://hub", RunJob: func(context.Context, JobProcess, func(string)) error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		demo := s.accounts.named("demo")
		j := &scheduledJob{id: newID(), owner: demo, creator: demo, createdAt: time.Now(), spec: jobSpec{Command: []string{"run"}}}
		if err := j.setRule("@hourly"); err != nil {
			t.Fatal(err)
		}
		s.schedule.add(j)
		s.startSchedule()
		time.Sleep(3*time.Hour + time.Minute)
		synctest.Wait()
		if n := len(s.jobs.of(demo)); n != 3 {
			t.Errorf("%d Jobs in three hours", n)
		}
		s.changeScheduled(j, func() { j.suspended = true })
		time.Sleep(3 * time.Hour)
		if n := len(s.jobs.of(demo)); n != 3 {
			t.Errorf("%d Jobs after it was suspended", n)
		}
	})
}
