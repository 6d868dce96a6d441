package dashboard

import (
	"net/http"
	"net/netip"
	"slices"
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
	last []attempt // of the last minute, those that succeeded left out; at most attemptsOfAll
}

type attempt struct {
	from string
	at   time.Time
}

func newAttempts(now func() time.Time) *attempts { return &attempts{now: now} }

// begin tells whether an address may try, and counts the try as a wrong one: of those that come at the same time, too, no more
// than are allowed see the token.
func (a *attempts) begin(from string) bool {
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
	if own >= attemptsOfOne || len(a.last) >= attemptsOfAll {
		return false
	}
	a.last = append(a.last, attempt{from, a.now()})
	return true
}

// succeeded takes back a try of an address, which was a right one.
func (a *attempts) succeeded(from string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.last) - 1; i >= 0; i-- {
		if a.last[i].from == from {
			a.last = slices.Delete(a.last, i, i+1)
			return
		}
	}
}

// siteBits is the largest IPv6 network that one site is given (RFC 6177): whoever has it has all addresses in it.
const siteBits = 48

// proxies are the networks of those in front of the bot whose word about callers counts.
type proxies []netip.Prefix

// caller is the address that a request comes from, as far as it cannot be made up: behind proxies, the last one in the
// forwarding header that is none of theirs. Of IPv6 it is the network of a site.
func (p proxies) caller(r *http.Request) string {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	from := addr.Addr().Unmap()
	told := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(told) - 1; i >= 0 && p.has(from); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(told[i]))
		if err != nil {
			break
		}
		from = before.Unmap()
	}
	if from.Is6() {
		if network, err := from.WithZone("").Prefix(siteBits); err == nil {
			return network.String()
		}
	}
	return from.String()
}

func (p proxies) has(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(addr.WithZone("")) })
}
