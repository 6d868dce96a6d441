package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hfbot/hfbot/bot/store"
)

const (
	recordEvery = 500 * time.Millisecond // how often lines and progress are written, at most
	mostLines   = 1_000                  // of an attempt; more are counted and left out
	longestLine = 4 << 10                // of a log line or a note, in bytes
)

// recorder keeps what an attempt logs and how far it is, for the dashboard. It writes at intervals, so that neither a
// talkative action nor a fast progress bar keeps the database busy, and what it cannot write stops nothing.
type recorder struct {
	log  *zap.Logger // for the action: masked, recorded, and passed on to the bot's log
	run  string
	step int
	save func(lines []store.LogLine, p *store.Progress)
	last func(lines []store.LogLine, p *store.Progress) // instead of save, for what is left at the end
	mask mask

	attempt int
	mu      sync.Mutex
	seq     int
	dropped int
	lines   []store.LogLine // not written yet
	latest  *store.Progress // not written yet
	timer   *time.Timer     // of the next write; nil while nothing waits
	closed  bool
	saving  sync.Mutex // held while writing, so that writes stay in order
}

// record begins to record an attempt.
func (t *try) record(attempt int) *recorder {
	x := t.x
	r := &recorder{run: x.run.ID, step: t.index, attempt: attempt, mask: t.mask}
	r.save = func(lines []store.LogLine, p *store.Progress) {
		// Also when the run is being left: what was logged last is what people want to read.
		err := x.engine.store.Record(context.WithoutCancel(x.job.whole), r.run, lines, p)
		if err != nil {
			x.log.Warn("the log of a step is not kept", zap.Error(err))
		} else if x.engine.opts.OnChange != nil {
			x.engine.opts.OnChange(r.run)
		}
	}
	r.last = func(lines []store.LogLine, p *store.Progress) { x.unsaved, x.progress = append(x.unsaved, lines...), p }
	named := x.log.With(zap.String("step", t.plan.ID), zap.String("action", t.plan.Uses), zap.Int("attempt", attempt))
	r.log = t.mask.log(named.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		return recordingCore{c, r, nil}
	})))
	r.add(time.Now(), zapcore.InfoLevel, fmt.Sprintf("%s begins, attempt %d", t.plan.Uses, attempt))
	// One that failed waits before it is tried again, and one that is retried by hand begins anew.
	if before := x.run.Steps[t.index]; before.State == store.Queued && !before.StartedAt.IsZero() {
		r.log.Warn("the attempt before was cut off: its bot ended, or was silent for longer than its lease")
	}
	return r
}

// progress is what an action reports.
func (r *recorder) progress(done, total int64, note string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest = &store.Progress{
		Step: r.step, Done: max(done, 0), Total: max(total, 0), Note: shortenTo(r.mask.text(note), longestLine), At: time.Now(),
	}
	r.wake()
}

// add records a line.
func (r *recorder) add(at time.Time, level zapcore.Level, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seq >= mostLines {
		r.dropped++
		return
	}
	r.append(at, level, message)
	r.wake()
}

func (r *recorder) append(at time.Time, level zapcore.Level, message string) {
	r.seq++
	r.lines = append(r.lines, store.LogLine{
		Step: r.step, Attempt: r.attempt, Seq: r.seq, At: at, Level: levelName(level), Message: shortenTo(message, longestLine),
	})
}

// levelName is one of the four levels that are kept.
func levelName(l zapcore.Level) string {
	switch {
	case l >= zapcore.ErrorLevel:
		return "error"
	case l < zapcore.DebugLevel:
		return "debug"
	}
	return l.String()
}

// wake arranges for the next write. It is called with mu held.
func (r *recorder) wake() {
	if r.timer == nil && !r.closed {
		r.timer = time.AfterFunc(recordEvery, r.flush)
	}
}

// flush writes what waits.
func (r *recorder) flush() { r.pass(r.save) }

// pass gives what waits to whoever writes it.
func (r *recorder) pass(write func([]store.LogLine, *store.Progress)) {
	r.saving.Lock()
	defer r.saving.Unlock()
	r.mu.Lock()
	lines, latest := r.lines, r.latest
	r.lines, r.latest, r.timer = nil, nil, nil
	r.mu.Unlock()
	if len(lines) > 0 || latest != nil {
		write(lines, latest)
	}
}

// close passes on the rest, with how the attempt ended: it is written together with that.
func (r *recorder) close(err error) {
	r.mu.Lock()
	r.closed = true
	if r.timer != nil {
		r.timer.Stop()
	}
	if r.dropped > 0 {
		r.append(time.Now(), zapcore.WarnLevel, fmt.Sprintf("%d more lines are not kept", r.dropped))
	}
	if err != nil {
		r.append(time.Now(), zapcore.ErrorLevel, r.mask.text(err.Error()))
	} else {
		r.append(time.Now(), zapcore.InfoLevel, "done")
	}
	r.mu.Unlock()
	r.pass(r.last)
}

// write is inTx for what comes of an attempt, together with what that logged at its end.
func (x *execution) write(f func(tx *store.Tx) error) error {
	err := x.inTx(func(tx *store.Tx) error {
		if err := f(tx); err != nil || len(x.unsaved) == 0 {
			return err
		}
		return tx.Record(x.run.ID, x.unsaved, x.progress)
	})
	if err == nil && len(x.unsaved) > 0 {
		x.unsaved, x.progress = nil, nil
		if x.engine.opts.OnChange != nil {
			x.engine.opts.OnChange(x.run.ID)
		}
	}
	return err
}

// saveRest writes what an attempt logged when nothing else can be written of it, such as after its lease was lost. It is
// what people want to read then.
func (x *execution) saveRest() {
	if len(x.unsaved) == 0 {
		return
	}
	if err := x.engine.store.Record(context.WithoutCancel(x.job.whole), x.run.ID, x.unsaved, x.progress); err != nil {
		x.log.Warn("the log of a step is not kept", zap.Error(err))
	}
}

// recordingCore records what passes through it on its way to the bot's log. What is below that log's level is recorded
// all the same, from debug up.
type recordingCore struct {
	zapcore.Core
	rec    *recorder
	fields []zapcore.Field
}

// Enabled implements zapcore.Core.
func (c recordingCore) Enabled(l zapcore.Level) bool { return l >= zapcore.DebugLevel }

// With implements zapcore.Core.
func (c recordingCore) With(fields []zapcore.Field) zapcore.Core {
	return recordingCore{c.Core.With(fields), c.rec, slices.Concat(c.fields, fields)}
}

// Check implements zapcore.Core.
func (c recordingCore) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return checked.AddCore(e, c)
}

// Write implements zapcore.Core.
func (c recordingCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	plain := zapcore.NewMapObjectEncoder()
	for _, f := range slices.Concat(c.fields, fields) {
		f.AddTo(plain)
	}
	var b strings.Builder
	b.WriteString(e.Message)
	for _, key := range slices.Sorted(maps.Keys(plain.Fields)) {
		fmt.Fprintf(&b, " %s=%v", key, plain.Fields[key])
	}
	c.rec.add(e.Time, e.Level, b.String())
	if !c.Core.Enabled(e.Level) {
		return nil
	}
	return c.Core.Write(e, fields)
}
