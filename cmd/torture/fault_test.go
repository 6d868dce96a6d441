//go:build unix

package torture_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/store/pgtest"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// TestPostgresComesAndGoes stops and starts the database under two working bots, and cuts their connections.
func TestPostgresComesAndGoes(t *testing.T) {
	t.Parallel()
	server := pgtest.New(t)
	ctx, database := t.Context(), server.Database(t)
	s := newScene(ctx, t, database, 2)
	loading, enough := context.WithCancel(ctx)
	defer enough()
	wait := s.load(loading, 3)
	for range 2 {
		time.Sleep(500 * time.Millisecond) // some load; nothing depends on how much
		server.CutConnections(t, "bot1")
		time.Sleep(500 * time.Millisecond)
		if err := server.Stop(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
	}
	enough()
	wait()
	s.settle(ctx)
	s.verify(ctx, 0)
}

// TestPausedInstanceIsFenced stops a bot in the middle of a step, lets another one take the run over, and wakes it.
func TestPausedInstanceIsFenced(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newScene(ctx, t, pgtest.Database(t, nil), 1)
	release := make(chan struct{})
	s.counter.holdFirst("/before/1", release)
	if err := s.send(ctx); err != nil {
		t.Fatal(err)
	}
	s.awaitCalls(ctx, "before", 1, 1)
	paused := s.instances[0]
	paused.signal(syscall.SIGSTOP)
	t.Cleanup(func() { paused.signal(syscall.SIGCONT) })
	other := s.join(ctx)
	s.awaitCalls(ctx, "after", 1, 1)
	s.instances = []*process{other}
	s.settle(ctx)
	paused.signal(syscall.SIGCONT)
	close(release)
	s.instances = []*process{other, paused}
	s.verify(ctx, 0)
	if n := s.counter.calls("after", 1); n != 1 {
		t.Errorf("the step after the one under way was done %d times, want once", n)
	}
}

// TestPausedBeforeItWrites stops a bot when it has looked whether its comment is there and has not written it, lets another
// one take the run over and write it, and wakes the first.
func TestPausedBeforeItWrites(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newSceneOf(ctx, t, rules, pgtest.Database(t, nil), 0)
	looked, answer := make(chan struct{}), make(chan struct{})
	s.endpoint = s.holdLook(looked, answer)
	paused := s.join(ctx)
	if err := s.send(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case <-looked:
	case <-time.After(patience):
		t.Fatal("the bot did not look")
	}
	paused.signal(syscall.SIGSTOP)
	t.Cleanup(func() { paused.signal(syscall.SIGCONT) })
	close(answer) // it waits in the socket
	other := s.join(ctx)
	s.awaitCalls(ctx, "after", 1, 1)
	s.instances = []*process{other}
	s.settle(ctx)
	paused.signal(syscall.SIGCONT)
	s.instances = []*process{other, paused}
	paused.awaitLine(ctx, "run left: its lease is lost")
	s.verify(ctx, 0)
}

// holdLook gives the address of a proxy before the Hub that keeps back the first answer about the discussion after the first
// step was done, tells so, and lets it go when answer is closed.
func (s *scene) holdLook(looked chan<- struct{}, answer <-chan struct{}) string {
	target, err := url.Parse(s.hub.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	var once sync.Once
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method == http.MethodGet && strings.HasSuffix(r.Request.URL.Path, "/discussions/1") && s.counter.calls("before", 1) > 0 {
				once.Do(func() {
					close(looked)
					<-answer
				})
			}
			return nil
		},
	})
	s.t.Cleanup(proxy.Close)
	return proxy.URL
}

// programRules have one step, a program that writes its process id into a file and stays. When the file is there already, it
// writes whether the one before it still runs, and ends.
const programRules = `version: 1
rules:
  - id: program
    on: discussion.create
    steps:
      - id: only
        uses: exec.run
        with:
          env: {PATH: /usr/bin:/bin, FILE: "PROGRAM"}
          command:
            - /bin/sh
            - -euc
            - |
              if [ -e "$FILE" ]; then
                if kill -0 "$(cat "$FILE")" 2>/dev/null; then echo both run >"$FILE.second"; else echo alone >"$FILE.second"; fi
                exit 0
              fi
              echo $$ >"$FILE.new"
              mv "$FILE.new" "$FILE"
              exec sleep 600
`

// TestPausedInstanceLeavesNoProgram stops a bot while its program runs, lets another one take the run over, and wakes it. The
// program of the first has ended by the time that the second one's begins.
func TestPausedInstanceLeavesNoProgram(t *testing.T) {
	t.Parallel()
	ctx, file := t.Context(), filepath.Join(t.TempDir(), "pid")
	s := newSceneOf(ctx, t, strings.ReplaceAll(programRules, "PROGRAM", file), pgtest.Database(t, nil), 1)
	if err := s.send(ctx); err != nil {
		t.Fatal(err)
	}
	there := func(name string) func() bool {
		return func() bool { _, err := os.Stat(name); return err == nil }
	}
	s.await(ctx, "the program", there(file))
	paused := s.instances[0]
	paused.signal(syscall.SIGSTOP)
	t.Cleanup(func() { paused.signal(syscall.SIGCONT) })
	other := s.join(ctx)
	s.instances = []*process{other}
	s.await(ctx, "the program of the other instance", there(file+".second"))
	s.settle(ctx)
	paused.signal(syscall.SIGCONT)
	paused.awaitLine(ctx, "run left: its lease is lost")
	if text, err := os.ReadFile(file + ".second"); err != nil || string(text) != "alone\n" {
		t.Errorf("the second program says %q, %v", text, err)
	}
	s.runsByPath(ctx)
}

// awaitCalls waits until a step of a discussion was called so often.
func (s *scene) awaitCalls(ctx context.Context, step string, num, calls int) {
	s.t.Helper()
	s.await(ctx, fmt.Sprintf("call %d of step %s", calls, step), func() bool { return s.counter.calls(step, num) >= calls })
}

// TestHubIsFaulty has the Hub turn the bot away, be slow, fail for a while, and carry out what the bot asks and lose its answers.
func TestHubIsFaulty(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := newScene(ctx, t, "sqlite:"+filepath.Join(t.TempDir(), "bot.db"), 1)
	var nums []int
	for range 10 {
		d, err := s.user.CreateDiscussion(ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
		if err != nil {
			t.Fatal(err)
		}
		nums = append(nums, d.Num)
	}
	s.hub.SetFaults(emulator.Faults{
		PathPrefix:  "/api/models/demo/torture/discussions",
		RateLimited: 4, RateReset: time.Second, ServerErrors: 4, LostAnswers: 8, Delay: 20 * time.Millisecond,
	})
	for _, num := range nums {
		if err := s.deliver(ctx, num); err != nil {
			t.Fatal(err)
		}
	}
	s.settle(ctx)
	s.hub.SetFaults(emulator.Faults{})
	s.verify(ctx, 0)
}

// groupRules have all runs in one concurrency group.
const groupRules = `version: 1
rules:
  - id: one-by-one
    on: discussion.create
    concurrency: {group: all}
    steps:
      - {id: only, uses: http.request, with: {url: "COUNTER/only/${{ discussion.num }}"}}
`

// TestGroupOfAThousand has a thousand deliveries of one concurrency group, which run one at a time and in order: when a
// run ends, the oldest delivery goes next of those that are matched by then.
func TestGroupOfAThousand(t *testing.T) {
	t.Parallel()
	const deliveries = 1_000
	ctx, database := t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "bot.db")
	s := newSceneOf(ctx, t, groupRules, database, 1)
	for num := range deliveries {
		if err := s.deliver(ctx, num+1); err != nil {
			t.Fatal(err)
		}
	}
	s.settle(ctx)
	s.instances[0].stop()
	runs := s.runsByPath(ctx)
	s.counter.mu.Lock()
	defer s.counter.mu.Unlock()
	if len(runs) != deliveries || len(s.counter.order) != deliveries {
		t.Fatalf("%d runs and %d calls of %d deliveries", len(runs), len(s.counter.order), deliveries)
	}
	if s.counter.most != 1 {
		t.Errorf("%d runs of the group at the same time", s.counter.most)
	}
	for i := 1; i < deliveries; i++ {
		free, next := runs[s.counter.order[i-1]].FinishedAt, runs[s.counter.order[i]]
		for _, path := range s.counter.order[i+1:] {
			if later := runs[path]; later.DeliveryID < next.DeliveryID && later.CreatedAt.Before(free) {
				t.Errorf("call %d is of delivery %s, though the older %s waited", i, next.DeliveryID, later.DeliveryID)
			}
		}
	}
}

// runsByPath are all runs, by the path that they called; all must have succeeded.
func (s *scene) runsByPath(ctx context.Context) map[string]store.Run {
	s.t.Helper()
	db, err := store.Open(ctx, s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	runs := map[string]store.Run{}
	for num, delivery := range s.accepted {
		of, err := db.Runs(ctx, store.Filter{Delivery: delivery})
		if err != nil || len(of) != 1 || of[0].State != store.Succeeded {
			s.t.Fatalf("delivery %s: runs %+v, %v; want one that succeeded", delivery, of, err)
		}
		runs[fmt.Sprintf("/only/%d", num)] = of[0]
	}
	return runs
}
