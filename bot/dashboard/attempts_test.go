package dashboard

import (
	"fmt"
	"net/http"
	"net/netip"
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
	near := proxies{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("10.0.0.0/8")}
	for _, tc := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"203.0.113.9:1234", nil, "203.0.113.9"},
		{"203.0.113.9:1234", []string{"198.51.100.1"}, "203.0.113.9"}, // a stranger's own word
		{"192.168.0.9:1234", []string{"198.51.100.1"}, "192.168.0.9"}, // a neighbour's, which is no proxy
		{"127.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.7:1", []string{"made.up, 192.0.2.1, 198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.7:1", []string{"192.0.2.1", "198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.7:1", []string{"192.0.2.1, 198.51.100.1, 10.0.0.8"}, "198.51.100.1"}, // two proxies
		{"10.0.0.7:1", []string{"10.0.0.9, 10.0.0.8"}, "10.0.0.9"},                    // a caller from within
		{"10.0.0.7:1", []string{"unknown"}, "10.0.0.7"},
		{"10.0.0.7:1", nil, "10.0.0.7"},
		{"[::1]:1", []string{"2001:db8::1:2:3:4"}, "2001:db8::/48"},
		{"[2001:db8:0:fff0:9::1]:1", nil, "2001:db8::/48"}, // another network of the same site
		{"[fe80::1%eth0]:1", nil, "fe80::/48"},
		{"[::ffff:203.0.113.9]:1", nil, "203.0.113.9"},
		{"[::ffff:10.0.0.7]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"@", nil, "@"}, // a socket
	} {
		r := &http.Request{RemoteAddr: tc.remote, Header: http.Header{"X-Forwarded-For": tc.forwarded}}
		if got := near.caller(r); got != tc.want {
			t.Errorf("%s, %q: %s, want %s", tc.remote, tc.forwarded, got, tc.want)
		}
	}
}
