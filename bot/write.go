package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

const (
	writeBatch = 64                     // decisions written in one transaction at most
	longYield  = 200 * time.Millisecond // how long they give way to deliveries that are being kept, at most
	writeTime  = 10 * time.Second       // how long a transaction may take that is under way when the bot stops
)

// decision is what came of matching a delivery, before the store has its say.
type decision struct {
	delivery *store.Delivery
	payload  *hub.Payload
	verdict  *verdictOn
	wishes   []wish
	failure  string // why it cannot be matched; then there is no payload
	span     trace.Span

	// What settling came to. It may have to be done again, so it begins anew each time.
	explanation rule.Explanation
	known       bool // the event was caught up and worked before
	opened      []store.Breaker
}

// writeDecisions writes decisions, as many at once as wait, until there will be no more. One at a time does it, so those
// that come while it writes make the next batch.
func (d *dispatcher) writeDecisions(ctx context.Context) {
	took := longYield
	for first := range d.decisions {
		d.giveWayToSenders(min(took, longYield))
		room := d.giveWayToRuns(first)
		batch, runs := []*decision{first}, first.runs()
		for more := true; more && len(batch) < writeBatch && runs < room; {
			select {
			case next, ok := <-d.decisions:
				if more = ok; ok {
					batch, runs = append(batch, next), runs+next.runs()
				}
			default:
				more = false
			}
		}
		// In the order in which they came in, so that the runs of a concurrency group go in that order.
		slices.SortFunc(batch, func(a, b *decision) int { return strings.Compare(a.delivery.ID, b.delivery.ID) })
		began := time.Now()
		d.write(ctx, batch)
		took = time.Since(began)
	}
}

// giveWayToSenders waits while deliveries are being kept, for a moment: their senders wait for an answer, and in a burst the
// disk and the processor are theirs first. The moment is as long as the last batch took, so that under senders who never
// stop matching still has half of the time.
func (d *dispatcher) giveWayToSenders(moment time.Duration) {
	for began := time.Now(); d.accepting() && time.Since(began) < moment; {
		time.Sleep(time.Millisecond)
	}
}

// giveWayToRuns waits a little for runs under way to end, so that those that follow find a worker and need not go through the
// queue. It returns how many runs are to be made at once.
func (d *dispatcher) giveWayToRuns(first *decision) int {
	if d.workers == nil || first.runs() == 0 {
		return math.MaxInt
	}
	if free := d.workers(1 + len(d.decisions)); free > 0 {
		return free
	}
	return math.MaxInt // they have to wait anyway
}

// runs is how many runs the decision asks for.
func (one *decision) runs() (n int) {
	if one.verdict == nil {
		return 0
	}
	for i := range one.verdict.Rules {
		if one.verdict.Rules[i].Verdict == rule.VerdictMatched {
			n++
		}
	}
	return n
}

// write stores the verdicts and runs of decisions in one transaction: all of them or none. When that fails, each is written
// by itself, so that one that cannot be written keeps no other back. Together they come to the same as one after the other,
// since each sees in the transaction what those before it have written.
func (d *dispatcher) write(ctx context.Context, batch []*decision) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	err := d.store.InTx(bounded, func(tx *store.Tx) error {
		var keys []store.Keys
		for _, one := range batch {
			if one.payload != nil {
				keys = append(keys, keysOf(one.verdict.Rules, one.payload.Repo.ID)...)
			}
			if len(one.wishes) > 0 {
				keys = append(keys, repliesKey(one.payload.Repo.ID))
			}
		}
		if err := tx.Lock(keys...); err != nil {
			return err
		}
		for _, one := range batch {
			if err := writeOne(tx, one, d.store.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && len(batch) > 1 && ctx.Err() == nil {
		for _, one := range batch {
			d.write(ctx, []*decision{one})
		}
		return
	}
	matched := errors.Is(err, store.ErrMatched) // another instance was faster
	for _, one := range batch {
		if err == nil && one.payload != nil && !one.known {
			d.tell(one)
		}
		if matched {
			err = nil
		}
		one.span.End()
		d.release(ctx, one.delivery.ID, err)
	}
}

// writeOne writes what comes of one decision.
func writeOne(tx *store.Tx, one *decision, now time.Time) (err error) {
	if one.payload == nil {
		return tx.FinishMatch(one.delivery.ID, nil, nil, one.failure)
	}
	e := one.verdict.Explanation
	e.Rules = slices.Clone(e.Rules) // settling changes them
	one.opened = nil
	s := settlement{
		tx: tx, delivery: one.delivery, payload: one.payload, now: now, own: one.verdict.own, opened: &one.opened,
	}
	if one.known, err = overtake(tx, one.delivery, one.payload); one.known || err != nil {
		return err
	}
	if err := s.grant(one.wishes, &e); err != nil {
		return err
	}
	for i := range e.Rules {
		if err := s.settle(&e.Rules[i]); err != nil {
			return err
		}
	}
	one.explanation = e
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode the explanation: %w", err)
	}
	return tx.FinishMatch(one.delivery.ID, text, verdicts(e.Rules), "")
}

// tell says what came of a decision that is written.
func (d *dispatcher) tell(one *decision) {
	delivery, e := one.delivery, one.explanation
	d.metrics.matched(e.Rules)
	for _, b := range one.opened {
		d.log.Warn("a breaker opened: the rule ran too often on a repository and stops there; "+
			"hfbot breakers reset RULE REPO starts it again", zap.String("rule", b.Rule), zap.String("repo", b.Repo),
			zap.Int("runs", b.Runs), zap.Time("until", b.Until))
	}
	d.log.Info("delivery matched: "+e.Line(), zap.String("delivery", delivery.ID), zap.String("repo", delivery.Repo),
		zap.String("event", delivery.Scope+"."+delivery.Action))
	for _, note := range e.Notes {
		d.log.Info("delivery asks the bot: "+note, zap.String("delivery", delivery.ID), zap.String("repo", delivery.Repo))
	}
}
