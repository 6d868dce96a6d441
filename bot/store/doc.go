// Package store keeps what the bot received and did: deliveries, verdicts, runs, steps, attempts. It is the truth of
// the bot; the queue only carries tickets that name runs, so that a lost or doubled ticket does no harm.
//
// A delivery is kept by [Store.Accept], which returns only after the row is on the disk. What follows from it (verdicts
// and runs) is written in one transaction, by [Store.InTx], and so is each step of a run as it goes on. Whoever works a
// run holds a [Lease]; each of its writes is refused once another worker has taken the run over.
//
// The database is one SQLite file, written through a single connection and read through a pool of its own. Locks of the
// kernel keep a second process out, which is why a new process may take up at once whatever the one before it left running.
// Or it is PostgreSQL, which several processes share; there one waits for the leases of those that are gone to end.
package store
