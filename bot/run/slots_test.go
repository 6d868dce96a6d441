package run

import (
	"context"
	"errors"
	"testing"
)

// TestSlots has runs and tickets ask for three workers. Each row says what is asked, and what it gives.
func TestSlots(t *testing.T) {
	t.Parallel()
	type ask struct {
		do   func(s *slots) int
		want int
	}
	take := func(n, want int) ask { return ask{func(s *slots) int { return s.take(n) }, want} }
	fetch := func(most, came, want int) ask { // asks the queue, which has as many tickets as come
		return ask{func(s *slots) int {
			n := s.takeForTickets(most)
			if n > 0 {
				s.fetched(n, min(n, came))
			}
			return n
		}, want}
	}
	then := func(f func(s *slots)) ask { return ask{func(s *slots) int { f(s); return 0 }, 0} }
	begin := []ask{then((*slots).start), fetch(3, 0, 3)}
	for name, asks := range map[string][]ask{
		"before the start nothing begins":    {take(1, 0), fetch(3, 9, 0)},
		"what the queue holds goes first":    {then((*slots).start), take(1, 0), fetch(3, 0, 3), take(1, 1)},
		"as many as there are":               append(begin, take(9, 3), take(1, 0), fetch(3, 1, 0)),
		"both kinds share them":              append(begin, take(1, 1), fetch(3, 1, 2), take(2, 1), take(1, 0), fetch(2, 1, 0)),
		"a worker that is free is for all":   append(begin, take(3, 3), then(func(s *slots) { s.giveBack(1) }), fetch(3, 1, 1)),
		"a full look: there may be more":     append(begin, fetch(3, 3, 3), then(func(s *slots) { s.ticketsDone(2) }), take(1, 0)),
		"a look that finds less: none wait":  append(begin, fetch(3, 2, 3), take(2, 1)),
		"tickets that wait go first":         append(begin, then((*slots).ticketsWait), take(1, 0), fetch(3, 1, 3), take(1, 1)),
		"a ticket that got lost has none":    append(begin, fetch(3, 3, 3), fetch(2, 0, 2), take(9, 2), fetch(2, 0, 0)),
		"after the end nothing begins":       append(begin, take(1, 1), then((*slots).close), take(1, 0), fetch(3, 1, 0)),
		"nothing is freed more than once":    append(begin, take(1, 1), then(func(s *slots) { s.giveBack(2) }), take(9, 3)),
		"looking with no worker says naught": append(begin, take(3, 3), fetch(3, 1, 0), then(func(s *slots) { s.giveBack(3) }), take(1, 1)),
	} {
		s := &slots{size: 3, wake: func() {}}
		for i, a := range asks {
			if got := a.do(s); got != a.want {
				t.Errorf("%s: ask %d gives %d, want %d", name, i, got, a.want)
			}
		}
	}
}

// A worker that becomes free wakes the queue when tickets wait for it, and only then.
func TestSlotsWake(t *testing.T) {
	t.Parallel()
	woken := 0
	s := &slots{size: 1, wake: func() { woken++ }}
	s.start()
	s.fetched(s.takeForTickets(1), 0)
	s.take(1)
	if s.giveBack(1); woken != 0 {
		t.Error("woken though no ticket waits")
	}
	s.take(1)
	s.ticketsWait()
	if s.giveBack(1); woken != 1 {
		t.Errorf("woken %d times while a ticket waits, want once", woken)
	}
}

// The end waits for runs of both kinds, and no longer than it may.
func TestSlotsWait(t *testing.T) {
	t.Parallel()
	s := &slots{size: 2, wake: func() {}}
	s.start()
	s.fetched(s.takeForTickets(1), 1)
	s.ticketsDone(1)
	s.fetched(s.takeForTickets(2), 1)
	s.take(1)
	s.close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("two runs go on: %v", err)
	}
	waited := make(chan error)
	go func() { waited <- s.wait(t.Context()) }()
	s.giveBack(1)
	s.ticketsDone(1)
	if err := <-waited; err != nil {
		t.Error(err)
	}
	if err := s.wait(ended); err != nil {
		t.Errorf("no run goes on: %v", err)
	}
}
