package run

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
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
				s.fetched(n, min(n, came), nil)
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

// fetcher is River's executor with a queue of so many tickets.
type fetcher struct {
	riverdriver.Executor
	tickets int
	err     error
}

func (f *fetcher) JobGetAvailable(
	_ context.Context, p *riverdriver.JobGetAvailableParams,
) (*riverdriver.JobGetAvailableResult, error) {
	if f.err != nil {
		return nil, f.err
	}
	n := min(p.MaxToLock, f.tickets)
	f.tickets -= n
	return &riverdriver.JobGetAvailableResult{Jobs: make([]*rivertype.JobRow, n)}, nil
}

// A ticket is fetched only for a worker that is free, and a look that fails keeps none, but lets no run go before it.
func TestFetchForFreeWorkers(t *testing.T) {
	t.Parallel()
	s := &slots{size: 3, wake: func() {}}
	s.start()
	queue := &fetcher{}
	fetch := func(most, want int) {
		t.Helper()
		found, err := executor{queue, s}.JobGetAvailable(t.Context(), &riverdriver.JobGetAvailableParams{MaxToLock: most})
		if !errors.Is(err, queue.err) || err == nil && len(found.Jobs) != want {
			t.Errorf("fetched %+v, %v; want %d", found, err, want)
		}
	}
	fetch(3, 0)
	s.take(2)
	queue.tickets = 5
	fetch(3, 1)
	fetch(2, 0)
	s.giveBack(2)
	queue.err = errors.New("no connection")
	fetch(2, 0)
	if n := s.take(1); n != 0 {
		t.Error("a run goes before tickets that a look failed to fetch")
	}
	queue.err = nil
	fetch(2, 2)
	s.ticketsDone(3)
	fetch(3, 2)
	if n := s.take(3); n != 1 {
		t.Errorf("%d workers are free beside two tickets, want 1", n)
	}
}

// A worker that becomes free wakes the queue when tickets wait for it, and only then.
func TestSlotsWake(t *testing.T) {
	t.Parallel()
	woken := 0
	s := &slots{size: 1, wake: func() { woken++ }}
	s.start()
	s.fetched(s.takeForTickets(1), 0, nil)
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

// Workers that become free while the queue is looked into are not known to wait for tickets until the look was full.
func TestSlotsWakeAfterFullLook(t *testing.T) {
	t.Parallel()
	woken := 0
	s := &slots{size: 3, wake: func() { woken++ }}
	s.start()
	look(s)
	s.take(2)
	asked := s.takeForTickets(3)
	s.giveBack(2)
	if s.fetched(asked, asked, nil); woken != 1 {
		t.Errorf("woken %d times for two free workers, want once", woken)
	}
}

// The end waits for runs of both kinds, and no longer than it may.
func TestSlotsWait(t *testing.T) {
	t.Parallel()
	s := &slots{size: 2, wake: func() {}}
	s.start()
	s.fetched(s.takeForTickets(1), 1, nil)
	s.ticketsDone(1)
	s.fetched(s.takeForTickets(2), 1, nil)
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

// The end waits for no ticket that was fetched and not handed out.
func TestSlotsWaitForLostTicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slots{size: 2, wake: func() {}}
		s.start()
		s.fetched(s.takeForTickets(2), 1, nil)
		s.close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		waited := make(chan error)
		go func() { waited <- s.wait(ctx) }()
		synctest.Wait()
		s.takeForTickets(2)
		if err := <-waited; err != nil {
			t.Error(err)
		}
	})
}

// Whoever makes runs due waits for workers as long as that is worth it.
func TestSlotsAwait(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		busy    int
		happens func(s *slots)
		free    int
		after   time.Duration
	}{
		"enough are free":          {1, func(*slots) {}, 3, 0},
		"one is free, none ends":   {3, func(*slots) {}, 1, gather},
		"none is free, none ends":  {4, func(*slots) {}, 0, 20 * ms},
		"one ends":                 {4, func(s *slots) { time.Sleep(10 * ms); s.giveBack(1) }, 1, 10*ms + gather},
		"enough end":               {4, func(s *slots) { time.Sleep(10 * ms); s.giveBack(1); time.Sleep(2 * ms); s.giveBack(2) }, 3, 12 * ms},
		"they end too far apart":   {4, func(s *slots) { time.Sleep(25 * ms); s.giveBack(4) }, 0, 20 * ms},
		"the process stops":        {4, func(s *slots) { time.Sleep(10 * ms); s.close() }, 0, 10 * ms},
		"tickets take each worker": {4, func(s *slots) { swap(s, 100) }, 0, 50 * ms},
		"tickets take four":        {4, func(s *slots) { swap(s, 4); s.ticketsDone(4); look(s) }, 4, 40 * ms},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &slots{size: 4, wake: func() {}}
			s.start()
			look(s)
			s.take(c.busy)
			var world sync.WaitGroup
			world.Go(func() { c.happens(s) })
			began := time.Now()
			free := s.await(2, 20*ms, 50*ms)
			if took := time.Since(began); free != c.free || took < c.after || took > c.after+2*ms {
				t.Errorf("%s: %d are free after %s, want %d after %s", name, free, took, c.free, c.after)
			}
			world.Wait()
		})
	}
}

// look finds nothing in the queue.
func look(s *slots) { s.fetched(s.takeForTickets(s.size), 0, nil) }

// swap ends a run each 10 ms, whose worker goes to a ticket that waited for it.
func swap(s *slots, n int) {
	s.ticketsWait()
	for range n {
		time.Sleep(10 * time.Millisecond)
		s.giveBack(1)
		s.fetched(s.takeForTickets(1), 1, nil)
	}
}
