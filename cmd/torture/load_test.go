//go:build unix

package torture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// rules are one rule of three steps: something is counted, a comment is written, something is counted again. Its breaker
// would stop a long torture, all of which happens in one repository.
const rules = `version: 1
rules:
  - id: answer
    on: discussion.create
    breaker: {max: 1000000, per: 1h}
    steps:
      - {id: before, uses: http.request, with: {url: "COUNTER/before/${{ discussion.num }}"}}
      - {id: comment, uses: hub.comment, with: {body: "Answered ${{ discussion.num }}."}}
      - {id: after, uses: http.request, with: {url: "COUNTER/after/${{ discussion.num }}"}}
`

// scene is a Hub, a counter of the rule's calls, and the instances of one bot.
type scene struct {
	t         *testing.T
	database  string
	rules     string // their file
	hub       *emulator.Server
	endpoint  string // under which the instances reach the Hub
	user      *hub.Client
	repo      hub.RepoRef
	counter   *counter
	instances []*process

	retried  atomic.Int64 // tries that were not answered with 202
	refused  atomic.Int64 // of those, the ones answered with 503
	mu       sync.Mutex
	accepted map[int]string // delivery by discussion
}

// newScene starts everything.
func newScene(ctx context.Context, t *testing.T, database string, instances int) *scene {
	t.Helper()
	return newSceneOf(ctx, t, rules, database, instances)
}

func newSceneOf(ctx context.Context, t *testing.T, rules, database string, instances int) *scene {
	t.Helper()
	server, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(ctx, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &scene{
		t: t, database: database, hub: server, endpoint: server.URL(), user: server.Client("demo"), counter: newCounter(t),
		repo: hub.RepoRef{Type: hub.Model, Name: "demo/torture"}, accepted: map[int]string{},
	}
	if err := s.user.CreateRepo(ctx, s.repo, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	s.rules = filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(s.rules, []byte(strings.ReplaceAll(rules, "COUNTER", s.counter.server.URL)), 0o600); err != nil {
		t.Fatal(err)
	}
	for range instances {
		s.join(ctx)
	}
	return s
}

// join starts one more instance.
func (s *scene) join(ctx context.Context) *process {
	s.t.Helper()
	p := newProcess(s.t, fmt.Sprint("instance ", len(s.instances)+1), s.rules, s.database, s.endpoint)
	if err := p.start(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.instances = append(s.instances, p)
	return p
}

// send opens a discussion and delivers its event, to one instance after the other, until one has accepted it.
func (s *scene) send(ctx context.Context) error {
	d, err := s.user.CreateDiscussion(ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: "Why?"})
	if err != nil {
		return err
	}
	return s.deliver(ctx, d.Num)
}

// deliver delivers the event of a discussion.
func (s *scene) deliver(ctx context.Context, num int) error {
	id, body := uuid.NewString(), payload(num)
	for {
		delivery, err := s.post(ctx, id, body)
		if err == nil {
			s.mu.Lock()
			s.accepted[num] = delivery
			s.mu.Unlock()
			return nil
		}
		s.retried.Add(1)
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// post delivers to some instance and returns the delivery's id.
func (s *scene) post(ctx context.Context, id string, body []byte) (string, error) {
	to := s.instances[rand.IntN(len(s.instances))].address()
	if to == "" {
		return "", errors.New("it is not ready")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("X-Webhook-Secret", "s3cret")
	req.Header.Set("Webhook-Id", id)
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	switch res.StatusCode {
	case http.StatusAccepted:
		var answer struct{ Delivery string }
		return answer.Delivery, json.NewDecoder(res.Body).Decode(&answer)
	case http.StatusServiceUnavailable:
		s.refused.Add(1)
	default:
		s.t.Errorf("a delivery was answered with %s, want 202 or 503", res.Status)
	}
	return "", errors.New(res.Status)
}

// load keeps some senders busy until ctx ends. What was begun is brought to its end.
func (s *scene) load(ctx context.Context, senders int) (wait func()) {
	var group sync.WaitGroup
	for range senders {
		group.Go(func() {
			for ctx.Err() == nil {
				bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
				err := s.send(bounded)
				cancel()
				if err != nil {
					s.t.Errorf("a delivery found nobody: %v", err)
					return
				}
				select {
				case <-ctx.Done():
				case <-time.After(100 * time.Millisecond):
				}
			}
		})
	}
	return group.Wait
}

// settle waits until nothing is left to do.
func (s *scene) settle(ctx context.Context) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var left string
	for {
		left = ""
		for _, q := range [][2]string{{"deliveries", "received"}, {"runs", "queued"}, {"runs", "waiting"}, {"runs", "running"}} {
			if n := s.instances[0].count(ctx, q[0], q[1]); n != 0 {
				left += fmt.Sprintf(" %s %s: %d", q[0], q[1], n)
			}
		}
		if left == "" {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatal("waited too long; left:" + left)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// verify stops the instances and reads back, from the database, the Hub and the counter, that everything happened once.
func (s *scene) verify(ctx context.Context, kills int) {
	s.t.Helper()
	for _, p := range s.instances {
		p.stop()
	}
	db, err := store.Open(ctx, s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	lost, doubled, interrupted := 0, 0, 0
	for num, id := range s.accepted {
		runs, err := db.Runs(ctx, store.Filter{Delivery: id})
		if err != nil || len(runs) != 1 || runs[0].State != store.Succeeded {
			lost++
			s.t.Errorf("discussion %d, delivery %s: runs %+v, %v; want one that succeeded", num, id, runs, err)
			continue
		}
		again, cut := s.attempts(ctx, db, runs[0].ID)
		doubled, interrupted = doubled+again, interrupted+cut
	}
	comments := 0
	for num := range s.accepted {
		n := s.comments(ctx, num)
		comments += n
		if n != 1 {
			s.t.Errorf("discussion %d has %d comments of the bot, want 1", num, n)
			doubled += max(n-1, 0)
			lost += max(1-n, 0)
		}
		for _, step := range []string{"before", "after"} {
			if s.counter.calls(step, num) == 0 {
				lost++
				s.t.Errorf("discussion %d: step %s was never done", num, step)
			}
		}
	}
	s.t.Logf("deliveries %d (tries refused or cut off: %d), kills %d, runs %d, steps cut off and done again %d, "+
		"effects on the Hub %d, lost %d, doubled %d", len(s.accepted), s.retried.Load(), kills, len(s.accepted), interrupted,
		comments, lost, doubled)
}

// attempts counts the attempts of a run after a step had succeeded, which must not be, and those that were cut off.
func (s *scene) attempts(ctx context.Context, db *store.Store, run string) (again, cut int) {
	s.t.Helper()
	all, err := db.Attempts(ctx, run)
	if err != nil {
		s.t.Fatal(err)
	}
	done := map[int]bool{}
	for _, a := range all {
		switch {
		case done[a.Step]:
			again++
			s.t.Errorf("run %s: step %d ran again after it had succeeded: %+v", run, a.Step, all)
		case a.State == "succeeded":
			done[a.Step] = true
		default:
			cut++
		}
	}
	if len(done) != 3 {
		s.t.Errorf("run %s succeeded with attempts %+v", run, all)
	}
	return again, cut
}

// comments counts what the bot wrote in a discussion.
func (s *scene) comments(ctx context.Context, num int) (n int) {
	s.t.Helper()
	d, err := s.user.Discussion(ctx, s.repo, num)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range d.Events {
		if e.Type == "comment" && e.Author == "hfbot" {
			n++
		}
	}
	return n
}

// payload is what the Hub says of a new discussion.
func payload(num int) []byte {
	return fmt.Appendf(nil, `{"event":{"action":"create","scope":"discussion"},
"repo":{"type":"model","name":"demo/torture","id":"66079b8b2e56b3db420f616b","private":false,"owner":{"id":"667977f90c8e732d6bf90ed6"}},
"discussion":{"id":"%024x","title":"A question","status":"open","num":%d,"isPullRequest":false,"author":{"id":"6614ea0d1340d11d7972ca25"}},
"webhook":{"id":"66eb842dd6135a49c078a6cc","version":3}}`, num, num)
}

// counter is a server that counts calls by step and discussion.
type counter struct {
	server *httptest.Server
	mu     sync.Mutex
	seen   map[string]int
	order  []string                 // the paths as they came
	active int                      // calls under way
	most   int                      // calls that were under way at the same time, at most
	hold   map[string]chan struct{} // the first call of a path is answered when its channel is closed
	broken map[string]int           // calls that were held, and broken off by the caller
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{seen: map[string]int{}, hold: map[string]chan struct{}{}, broken: map[string]int{}}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.seen[r.URL.Path]++
		c.order = append(c.order, r.URL.Path)
		c.active++
		c.most = max(c.most, c.active)
		held := c.hold[r.URL.Path]
		delete(c.hold, r.URL.Path)
		c.mu.Unlock()
		if held != nil {
			select {
			case <-held:
			case <-r.Context().Done():
			case <-time.After(patience):
			}
		}
		c.mu.Lock()
		c.active--
		if held != nil && r.Context().Err() != nil {
			c.broken[r.URL.Path]++
		}
		c.mu.Unlock()
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(c.server.Close)
	return c
}

// holdFirst keeps the first call of a path from being answered until release is closed.
func (c *counter) holdFirst(path string, release chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold[path] = release
}

func (c *counter) brokenOff(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken[path]
}

func (c *counter) calls(step string, num int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[fmt.Sprintf("/%s/%d", step, num)]
}
