// Package run works runs: it leases those that are due, executes their steps with retries and timeouts, and resumes
// after a crash.
//
// A run begins in the process that made it due, if that has a free worker. Queueing of the others is by River
// (https://riverqueue.com); the state of runs, steps, leases and concurrency groups is kept by package store. A ticket only
// names a run: whoever gets it asks the store whether there is anything to do.
//
// Steps are checkpoints, written before they start and after they end, so that a run which was cut off goes on at its first
// unfinished step. A step may therefore begin twice, and actions get a key that is the same each time.
package run
