package run

import (
	"context"
	"sync"
)

// slots are the workers of this process. A run has one from before it is claimed until it is left, whether it began at once
// in the process that made it due or came by a ticket.
type slots struct {
	size int
	wake func() // lets the queue look for tickets; must not block

	mu     sync.Mutex
	open   bool // runs may begin here
	direct int  // runs that began at once, or are about to
	queued int  // tickets being worked, or about to be fetched
	// waiting says that the queue may have tickets that wait for a worker of this process. They go first: a stream of new
	// runs would else keep them waiting for ever. It is so until a look into the queue finds fewer than it could take.
	waiting bool
	ended   int           // runs that were left, in all
	emptied chan struct{} // closed when the last run is left; nil while nobody waits for that
}

// start lets runs begin. What the queue holds from before goes first.
func (s *slots) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open, s.waiting = true, true
}

// close lets no more runs begin.
func (s *slots) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = false
}

// wait returns when no run is worked any more, or with ctx.
func (s *slots) wait(ctx context.Context) error {
	s.mu.Lock()
	if s.direct+s.queued == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.emptied == nil {
		s.emptied = make(chan struct{})
	}
	emptied := s.emptied
	s.mu.Unlock()
	select {
	case <-emptied:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take takes workers for runs that became due here, as many of most as there are.
func (s *slots) take(most int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open || s.waiting {
		return 0
	}
	n := min(most, s.size-s.direct-s.queued)
	s.direct += n
	return n
}

// idle is how many runs could begin at once now, how many were left until now, and whether any may begin here later.
func (s *slots) idle() (free, ended int, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open || s.waiting {
		return 0, s.ended, s.open
	}
	return s.size - s.direct - s.queued, s.ended, true
}

// giveBack frees workers that take took.
func (s *slots) giveBack(n int) { s.free(&s.direct, n) }

// takeForTickets takes workers for tickets, as many of most as there are. The queue asks for as many as it has no work for,
// so the others are the most that may be taken: a ticket that it fetched and did not hand out, such as one of another
// kind, gives its worker back here.
func (s *slots) takeForTickets(most int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = min(s.queued, s.size-most)
	s.tellEmpty()
	if !s.open {
		return 0
	}
	n := min(most, s.size-s.direct-s.queued)
	if n > 0 {
		s.queued += n
		s.waiting = false // tickets that come while the queue is asked say so again
	}
	return n
}

// fetched says how many tickets came for the workers that takeForTickets took, or why the look failed. Only one that finds
// fewer than it could take tells that none wait.
func (s *slots) fetched(asked, came int, err error) {
	s.ticketsDone(asked - came)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = s.waiting || err != nil || came == asked
	if came == asked && s.open && s.direct+s.queued < s.size {
		s.wake() // for workers that became free while it looked
	}
}

// ticketsDone frees workers that takeForTickets took.
func (s *slots) ticketsDone(n int) { s.free(&s.queued, n) }

// ticketsWait says that there are tickets in the queue.
func (s *slots) ticketsWait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = true
}

func (s *slots) free(kind *int, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*kind = max(*kind-n, 0)
	s.ended += n
	s.tellEmpty()
	if n > 0 && s.open && s.waiting {
		s.wake()
	}
}

// tellEmpty ends the wait for the last run. The caller holds mu.
func (s *slots) tellEmpty() {
	if s.direct+s.queued == 0 && s.emptied != nil {
		close(s.emptied)
		s.emptied = nil
	}
}
