package run

import "time"

// How long [Engine.AwaitWorkers] waits for a worker: at most so long after the latest end of a run, and so long in all. Another
// process may have a worker now, so only ends that follow each other so fast that the database has no time for more are
// waited for. Where there is no other process, nobody else could have the run.
const (
	shortPause, shortWait = 5 * time.Millisecond, 200 * time.Millisecond
	longPause, longWait   = 100 * time.Millisecond, time.Second
	gather                = 5 * time.Millisecond // how long workers that are free wait for more of them
)

// AwaitWorkers waits a little until so many runs, or half as many as there are workers, could begin at once, and returns for
// how many that is so. Whoever makes runs due in a burst of short ones may do it that much later, and spares them the queue.
// It waits for a first worker while runs here come to their end one after the other; for more of them, so that they can be
// claimed together, only for a moment, in which they have nothing to do.
func (e *Engine) AwaitWorkers(want int) (free int) {
	want = min(want, (e.slots.size+1)/2)
	if e.store.Exclusive() {
		return e.slots.await(want, longPause, longWait)
	}
	return e.slots.await(want, shortPause, shortWait)
}

func (s *slots) await(want int, pause, longest time.Duration) int {
	began := time.Now()
	moved := began // when the latest run ended, or the first worker became free
	free, ended, open := s.idle()
	for free < want && open {
		patience := pause
		if free > 0 {
			patience = gather
		}
		if time.Since(moved) >= patience || time.Since(began) >= longest {
			break
		}
		time.Sleep(time.Millisecond)
		none, before := free == 0, ended
		free, ended, open = s.idle()
		if free == 0 && ended != before || free > 0 && none {
			moved = time.Now()
		}
	}
	return free
}
