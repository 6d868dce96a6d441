package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
)

// ciServer is a CI service that runs what it is told to, each until it was looked at some times.
type ciServer struct {
	*httptest.Server
	mu        sync.Mutex
	looks     int
	polls     map[string]int // by the id of what runs
	cancelled []string       // ids
	head      http.Header    // of the last call
	answered  func(call string)
}

// serve starts the server. Its routes are called one at a time.
func (s *ciServer) serve(t *testing.T, routes http.Handler) {
	t.Helper()
	s.polls = map[string]int{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.head = r.Header
		routes.ServeHTTP(w, r)
		answered := s.answered
		s.mu.Unlock()
		if answered != nil {
			answered(r.Method + " " + r.URL.Path)
		}
	}))
	t.Cleanup(s.Close)
}

// ended tells whether what runs under an id has ended by now, which is looked at.
func (s *ciServer) ended(id string) bool {
	s.polls[id]++
	return s.polls[id] >= s.looks
}

// cutOff begins a step and cuts it off, for a cause, when a call is answered. It gives the step as the next attempt has it.
func (s *ciServer) cutOff(t *testing.T, step actionstest.Step, call string, cause error) actionstest.Step {
	t.Helper()
	kept := map[string]any{}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	s.onAnswer(func(answered string) {
		if answered == call {
			cancel(cause)
		}
	})
	defer s.onAnswer(nil)
	rt := webRuntime(nil)
	rt.Secrets = secretsOf(step.Secrets)
	rt.Keep = func(_ context.Context, note map[string]any) error {
		text, err := json.Marshal(note)
		if err == nil {
			clear(kept)
			err = json.Unmarshal(text, &kept)
		}
		return err
	}
	out, err := entry(t, step.Uses).Run(ctx, rt, step.With)
	if err == nil {
		t.Fatalf("the first attempt was not cut off: %v", out)
	}
	step.Key, step.Kept = rt.Key, kept
	return step
}

func (s *ciServer) onAnswer(f func(call string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = f
}

// cutCauses are why a step is cut off.
var cutCauses = map[string]error{"cancelled": actions.ErrCancelled, "stopped": errors.New("the bot is stopping")}

// checkCancelled checks that what runs was cancelled with its run, and not else. It tells whether it was.
func (s *ciServer) checkCancelled(t *testing.T, cause error) bool {
	t.Helper()
	want := 0
	if errors.Is(cause, actions.ErrCancelled) {
		want = 1
	}
	if len(s.cancelled) != want || want == 1 && s.cancelled[0] != "1" {
		t.Errorf("cancelled: %v, want %d", s.cancelled, want)
	}
	return want == 1
}
