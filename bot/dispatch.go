package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

const (
	dispatchers  = 4        // deliveries matched at the same time
	handOver     = 32_768   // deliveries that wait in memory; what does not fit waits for the sweep
	handOverSize = 32 << 20 // bytes of their bodies; of what does not fit only the id waits, and it is read again
	sweeps       = 4        // how often in a lease deliveries that nobody took are looked for
	sweepBatch   = 256
	matchTries   = 3 // how often a delivery is matched when the Hub does not answer for a fact
	matchBackoff = 2 * time.Second
	explainAll   = 500 // rules up to which each delivery keeps the reason of every one that does not match
)

// dispatcher turns stored deliveries into runs: it matches each against the rules, decides what only the store knows
// (own events, values used up), and writes verdicts and runs in one transaction (write.go).
type dispatcher struct {
	store *store.Store
	rules func() *rule.Set
	hub   *hub.Client // nil: no Hub configured, facts cannot be looked up
	self  func(ctx context.Context) (account, error)
	lease time.Duration // a delivery that another instance received is left to it for so long
	log   *zap.Logger

	matched func(id string) // hears of each delivery that was matched; may be nil
	// workers waits a little for workers that are free, see [run.Engine.AwaitWorkers]; may be nil.
	workers func(want int) (free int)
	// accepting tells whether senders wait for their deliveries to be kept.
	accepting func() bool

	metrics *metrics // may be nil
	tracer  trace.Tracer

	waiting   chan waiting
	bodies    atomic.Int64 // bytes of those that wait
	held      sync.Map     // ids that wait or are under way here, so that none is matched twice at the same time
	decisions chan *decision
}

// waiting is a delivery that is to be matched; nil when it is still to be read.
type waiting struct {
	id       string
	delivery *store.Delivery
}

func newDispatcher(s *store.Store, rules func() *rule.Set, client *hub.Client,
	self func(context.Context) (account, error), lease time.Duration, log *zap.Logger,
) *dispatcher {
	return &dispatcher{
		store: s, rules: rules, hub: client, self: self, lease: lease, log: log, waiting: make(chan waiting, handOver),
		decisions: make(chan *decision, writeBatch), accepting: s.Accepting,
	}
}

// take hands a stored delivery over for matching, unless it waits already. It never blocks; false when there is no room.
func (d *dispatcher) take(id string) bool { return d.hand(waiting{id: id}) }

// takeNew is take for a delivery that was just stored as it is here, so that it need not be read again.
func (d *dispatcher) takeNew(delivery *store.Delivery) {
	w := waiting{id: delivery.ID}
	// A key that is no text is kept differently by PostgreSQL.
	if d.bodies.Load() < handOverSize && utf8.ValidString(delivery.Key) {
		d.bodies.Add(int64(len(delivery.Body)))
		w.delivery = delivery
	}
	d.hand(w)
}

func (d *dispatcher) hand(w waiting) bool {
	if _, here := d.held.LoadOrStore(w.id, true); here {
		d.taken(w)
		return true
	}
	select {
	case d.waiting <- w:
		return true
	default: // the sweep finds it
		d.taken(w)
		d.held.Delete(w.id)
		return false
	}
}

// taken notes that a delivery does not wait any more.
func (d *dispatcher) taken(w waiting) {
	if w.delivery != nil {
		d.bodies.Add(-int64(len(w.delivery.Body)))
	}
}

// serve matches deliveries until ctx ends, and then finishes those under way.
func (d *dispatcher) serve(ctx context.Context) {
	var workers, writer sync.WaitGroup
	writer.Go(func() { d.writeDecisions(ctx) })
	for range dispatchers {
		workers.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case w := <-d.waiting:
					d.taken(w)
					d.work(ctx, w)
				}
			}
		})
	}
	workers.Go(func() { d.sweep(ctx) })
	workers.Wait()
	close(d.decisions)
	writer.Wait()
}

// sweep takes up, at once and then regularly, what a crash or a full hand-over left unmatched.
func (d *dispatcher) sweep(ctx context.Context) {
	tick := time.NewTicker(d.lease / sweeps)
	defer tick.Stop()
	for {
		if err := d.takeUnmatched(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("look for unmatched deliveries", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// takeUnmatched takes up all that is unmatched, or as much as there is room for.
func (d *dispatcher) takeUnmatched(ctx context.Context) error {
	before := d.store.Now()
	if !d.store.Exclusive() {
		before = before.Add(-d.lease) // what came in since is surely under way at the instance that received it
	}
	for after := ""; ; {
		left, err := d.store.Unmatched(ctx, before, after, sweepBatch)
		if err != nil {
			return err
		}
		for _, delivery := range left {
			if !d.take(delivery.ID) {
				return nil
			}
			after = delivery.ID
		}
		if len(left) < sweepBatch {
			return nil
		}
	}
}

// work decides about one delivery unless that was done, and hands the decision over to be written. Workers do not wait for
// that, so that those decisions which come at the same time are written in one transaction.
func (d *dispatcher) work(ctx context.Context, w waiting) {
	delivery, err := w.delivery, error(nil)
	if delivery == nil {
		delivery, err = d.store.Delivery(ctx, w.id)
	}
	if err != nil || delivery.State != store.Received {
		d.release(ctx, w.id, err)
		return
	}
	ctx, span := d.traceMatch(ctx, delivery)
	decision, err := d.decide(ctx, delivery)
	if err != nil || decision == nil {
		span.End()
		d.release(ctx, w.id, err)
		return
	}
	decision.span = span
	d.decisions <- decision
}

// release lets go of a delivery that was matched, by whomever, or could not be.
func (d *dispatcher) release(ctx context.Context, id string, err error) {
	d.held.Delete(id)
	if err == nil && d.matched != nil {
		d.matched(id)
	}
	if err != nil && ctx.Err() == nil {
		d.log.Error("delivery not matched; it stays stored and is tried again",
			zap.String("delivery", id), zap.Error(err))
	}
}

// decide evaluates the rules; nil when there is nothing left to write.
func (d *dispatcher) decide(ctx context.Context, delivery *store.Delivery) (*decision, error) {
	p, problem := payloadOf(delivery)
	if problem != "" {
		return &decision{delivery: delivery, failure: "not a webhook payload: " + problem}, nil
	}
	if told, err := d.giveWay(ctx, delivery, p); told || err != nil {
		return nil, err
	}
	verdict, err := d.evaluate(ctx, delivery, p)
	if err != nil {
		return nil, err
	}
	list, err := d.wishes(ctx, delivery, p, verdict)
	if err != nil {
		return nil, err
	}
	return &decision{delivery: delivery, payload: p, verdict: verdict, wishes: list}, nil
}

// payloadOf is the payload of a delivery, or why it is none.
func payloadOf(delivery *store.Delivery) (p *hub.Payload, problem string) {
	if p = delivery.Payload; p == nil {
		var err error
		if p, err = hub.ParsePayload(delivery.Body); err != nil {
			return nil, err.Error()
		}
	}
	if p.Event.Scope == "" {
		return nil, "it has no event.scope"
	}
	return p, ""
}

// verdictOn is what evaluating gives: the explanation, and whether the event is the bot's own act.
type verdictOn struct {
	rule.Explanation
	own   bool
	facts rule.FactsFor
}

// evaluate matches until no fact is missing for a passing reason; after a few tries the verdict error stands.
func (d *dispatcher) evaluate(ctx context.Context, delivery *store.Delivery, p *hub.Payload) (*verdictOn, error) {
	set, event := d.rules(), rule.Delivery{ID: delivery.ID, Body: delivery.Body, Payload: p}
	for try := 1; ; try++ {
		facts := FactsOf(d.hub, p)
		v := &verdictOn{facts: facts, Explanation: look(ctx, set, event, facts)}
		if err := keepVerdicts(delivery, &v.Explanation); err != nil {
			return nil, err
		}
		var err error
		v.own, err = d.markOwn(ctx, delivery, p, &v.Explanation, facts)
		switch {
		case err == nil && (try == matchTries || !worthAnotherTry(v.Rules)):
			return v, nil
		case try == matchTries:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(matchBackoff):
		}
	}
}

// look matches the rules. Of a small set, every rule is explained; of a large one, those that the index finds, so that a
// delivery costs no more time and space for rules that are not meant at all.
func look(ctx context.Context, set *rule.Set, event rule.Delivery, facts rule.FactsFor) rule.Explanation {
	if len(set.Rules) <= explainAll {
		return rule.Explanation{Rules: set.Match(ctx, event, facts)}
	}
	outcomes := set.MatchCandidates(ctx, event, facts)
	e := rule.Explanation{Rules: rule.Explain(ctx, event, facts, outcomes, explainAll)}
	e.Omitted = len(set.Rules) - len(verdicts(e.Rules))
	return e
}

// worthAnotherTry tells whether a rule could not be decided because a fact could not be fetched. An expression that
// fails on what it sees would fail again.
func worthAnotherTry(outcomes []rule.Outcome) bool {
	return slices.ContainsFunc(outcomes, func(o rule.Outcome) bool {
		return o.Verdict == rule.VerdictError && !errors.As(o.Err, new(*expr.EvalError))
	})
}

// keepVerdicts leaves what an earlier match of the delivery decided as it is: only its errors are looked at anew. A
// kept outcome has no Rule, which tells it from a match that is still to become a run.
func keepVerdicts(delivery *store.Delivery, e *rule.Explanation) error {
	if len(delivery.Explanation) == 0 {
		return nil
	}
	var before rule.Explanation
	if err := json.Unmarshal(delivery.Explanation, &before); err != nil {
		return fmt.Errorf("decode the explanation of delivery %s: %w", delivery.ID, err)
	}
	undecided := map[string]bool{}
	for _, o := range before.Rules {
		undecided[o.RuleID] = undecided[o.RuleID] || o.Verdict == rule.VerdictError
	}
	kept := slices.DeleteFunc(before.Rules, func(o rule.Outcome) bool { return undecided[o.RuleID] })
	anew := slices.DeleteFunc(e.Rules, func(o rule.Outcome) bool { return !undecided[o.RuleID] })
	e.Rules, e.Notes, e.Omitted = slices.Concat(kept, anew), before.Notes, before.Omitted
	return nil
}

// strength orders verdicts, so that one word can stand for a rule that was looked at for several refs.
var strength = map[rule.Verdict]int{
	rule.VerdictNotMatched: 0, rule.VerdictSkipped: 1, rule.VerdictError: 2, rule.VerdictMatched: 3,
}

// verdicts gives one verdict for each rule.
func verdicts(outcomes []rule.Outcome) map[string]string {
	words := map[string]string{}
	for _, o := range outcomes {
		if before, ok := words[o.RuleID]; !ok || strength[o.Verdict] > strength[rule.Verdict(before)] {
			words[o.RuleID] = string(o.Verdict)
		}
	}
	return words
}
