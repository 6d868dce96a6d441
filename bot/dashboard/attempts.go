package dashboard

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Wrong tokens in a minute that close the form: those of one address, so that a stranger does not lock the admin out, and
// those of all, so that many addresses do not help to guess.
const (
	attemptsOfOne = 10
	attemptsOfAll = 100
)

// attempts bounds how often a wrong token may be tried.
type attempts struct {
	now  func() time.Time
	mu   sync.Mutex
	last []attempt // failures of the last minute, at most attemptsOfAll
}

type attempt struct {
	from string
	at   time.Time
}

func newAttempts(now func() time.Time) *attempts { return &attempts{now: now} }

// allow tells whether an address may try.
func (a *attempts) allow(from string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.last) > 0 && a.now().Sub(a.last[0].at) > time.Minute {
		a.last = a.last[1:]
	}
	own := 0
	for _, t := range a.last {
		if t.from == from {
			own++
		}
	}
	return own < attemptsOfOne && len(a.last) < attemptsOfAll
}

func (a *attempts) failed(from string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = append(a.last, attempt{from, a.now()})
}

// caller is the address that a request comes from, as far as it cannot be made up: behind a proxy near by, what that proxy
// added to the forwarding header last. Of IPv6 it is the network, of which one host has all the addresses.
func caller(r *http.Request) string {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	from := addr.Addr().Unmap()
	if from.IsLoopback() || from.IsPrivate() {
		list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if told, err := netip.ParseAddr(strings.TrimSpace(list[len(list)-1])); err == nil {
			from = told.Unmap()
		}
	}
	if from.Is6() {
		if network, err := from.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return from.String()
}
