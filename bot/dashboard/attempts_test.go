package dashboard

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestAttempts(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	a := newAttempts(func() time.Time { return now })
	for range attemptsOfOne {
		if !a.begin("stranger") {
			t.Fatal("refused too early")
		}
	}
	if a.begin("stranger") || !a.begin("admin") {
		t.Error("an address must be refused after its own failures, and only it")
	}
	a.succeeded("admin")
	for i := attemptsOfOne; i < attemptsOfAll; i++ {
		if !a.begin(fmt.Sprint(i)) {
			t.Fatal("refused too early: a right token counts, too")
		}
	}
	if a.begin("admin") {
		t.Error("many addresses together can guess without end")
	}
	now = now.Add(time.Minute + time.Second)
	if !a.begin("stranger") || len(a.last) != 1 {
		t.Error("a minute later it is still refused")
	}
}

// TestAttemptsTogether has many try at the same time: no more are let in than one after the other.
func TestAttemptsTogether(t *testing.T) {
	t.Parallel()
	a := newAttempts(time.Now)
	var let atomic.Int64
	var tries sync.WaitGroup
	for range 400 {
		tries.Go(func() {
			if a.begin("stranger") {
				let.Add(1)
			}
		})
	}
	tries.Wait()
	if let.Load() != attemptsOfOne {
		t.Errorf("%d tries were let in, want %d", let.Load(), attemptsOfOne)
	}
}

func TestCaller(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"203.0.113.9:1234", nil, "203.0.113.9"},
		{"203.0.113.9:1234", []string{"198.51.100.1"}, "203.0.113.9"}, // a stranger's own word
		{"127.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.7:1", []string{"made.up, 192.0.2.1, 198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.7:1", []string{"192.0.2.1", "198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.7:1", []string{"unknown"}, "10.0.0.7"},
		{"[::1]:1", []string{"2001:db8::1:2:3:4"}, "2001:db8::/64"},
		{"[2001:db8:0:0:9::1]:1", nil, "2001:db8::/64"},
		{"[::ffff:203.0.113.9]:1", nil, "203.0.113.9"},
		{"@", nil, "@"}, // a socket
	} {
		r := &http.Request{RemoteAddr: tc.remote, Header: http.Header{"X-Forwarded-For": tc.forwarded}}
		if got := caller(r); got != tc.want {
			t.Errorf("%s, %q: %s, want %s", tc.remote, tc.forwarded, got, tc.want)
		}
	}
}
