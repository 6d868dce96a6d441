package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

const (
	dispatchers  = 4      // deliveries matched at the same time
	handOver     = 32_768 // ids waiting in memory, half a megabyte; what does not fit waits for the sweep
	sweeps       = 4      // how often in a lease deliveries that nobody took are looked for
	sweepBatch   = 256
	matchTries   = 3 // how often a delivery is matched when the Hub does not answer for a fact
	matchBackoff = 2 * time.Second
	explainAll   = 500 // rules up to which each delivery keeps the reason of every one that does not match
)

// dispatcher turns stored deliveries into runs: it matches each against the rules, decides what only the store knows
// (own events, values used up), and writes verdicts and runs in one transaction.
type dispatcher struct {
	store *store.Store
	rules func() *rule.Set
	hub   *hub.Client // nil: no Hub configured, facts cannot be looked up
	self  func(ctx context.Context) (account, error)
	lease time.Duration // a delivery that another instance received is left to it for so long
	log   *zap.Logger

	matched func(id string) // hears of each delivery that was matched; may be nil

	metrics *metrics // may be nil
	tracer  trace.Tracer

	ids     chan string
	working sync.Map // ids under way here, so that the sweep leaves them alone
}

func newDispatcher(s *store.Store, rules func() *rule.Set, client *hub.Client,
	self func(context.Context) (account, error), lease time.Duration, log *zap.Logger,
) *dispatcher {
	return &dispatcher{
		store: s, rules: rules, hub: client, self: self, lease: lease, log: log, ids: make(chan string, handOver),
	}
}

// take hands a stored delivery over for matching. It never blocks.
func (d *dispatcher) take(id string) {
	select {
	case d.ids <- id:
	default: // the sweep finds it
	}
}

// serve matches deliveries until ctx ends, and then finishes those under way.
func (d *dispatcher) serve(ctx context.Context) {
	var workers sync.WaitGroup
	for range dispatchers {
		workers.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case id := <-d.ids:
					d.work(ctx, id)
				}
			}
		})
	}
	workers.Go(func() { d.sweep(ctx) })
	workers.Wait()
}

// sweep takes up, at once and then regularly, what a crash or a full hand-over left unmatched.
func (d *dispatcher) sweep(ctx context.Context) {
	tick := time.NewTicker(d.lease / sweeps)
	defer tick.Stop()
	for {
		before := d.store.Now()
		if !d.store.Exclusive() {
			before = before.Add(-d.lease) // what came in since is surely under way at the instance that received it
		}
		left, err := d.store.Unmatched(ctx, before, sweepBatch)
		if err != nil && ctx.Err() == nil {
			d.log.Error("look for unmatched deliveries", zap.Error(err))
		}
		for _, delivery := range left {
			d.take(delivery.ID)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// work matches one delivery unless it is under way or done.
func (d *dispatcher) work(ctx context.Context, id string) {
	if _, busy := d.working.LoadOrStore(id, true); busy {
		return
	}
	defer d.working.Delete(id)
	delivery, err := d.store.Delivery(ctx, id)
	if err == nil && delivery.State == store.Received {
		ctx, span := d.traceMatch(ctx, delivery)
		err = d.match(ctx, delivery)
		span.End()
	}
	if err == nil && d.matched != nil {
		d.matched(id) // by whomever
	}
	if err != nil && ctx.Err() == nil {
		d.log.Error("delivery not matched; it stays stored and is tried again",
			zap.String("delivery", id), zap.Error(err))
	}
}

// match evaluates the rules and writes what came of it.
func (d *dispatcher) match(ctx context.Context, delivery *store.Delivery) error {
	p, err := hub.ParsePayload(delivery.Body)
	if err == nil && p.Event.Scope == "" {
		err = errors.New("it has no event.scope")
	}
	if err != nil {
		return d.store.InTx(ctx, func(tx *store.Tx) error {
			return tx.FinishMatch(delivery.ID, nil, nil, "not a webhook payload: "+err.Error())
		})
	}
	if told, err := d.giveWay(ctx, delivery, p); told || err != nil {
		return err
	}
	explanation, err := d.evaluate(ctx, delivery, p)
	if err != nil {
		return err
	}
	list, err := d.wishes(ctx, delivery, p, explanation)
	if err != nil {
		return err
	}
	return d.write(ctx, delivery, p, explanation, list)
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

// write stores verdicts and runs in one transaction.
func (d *dispatcher) write(ctx context.Context, delivery *store.Delivery, p *hub.Payload, v *verdictOn, list []wish) error {
	before := v.Explanation
	known := false // the event was caught up and worked before
	var opened []store.Breaker
	err := d.store.InTx(ctx, func(tx *store.Tx) (err error) {
		v.Explanation = before
		v.Rules = slices.Clone(before.Rules) // settling changes them, and may have to be done again
		opened = nil
		s := settlement{tx: tx, delivery: delivery, payload: p, now: d.store.Now(), own: v.own, opened: &opened}
		if err := tx.Lock(keysOf(v.Rules, p.Repo.ID)...); err != nil {
			return err
		}
		if known, err = overtake(tx, delivery, p); known || err != nil {
			return err
		}
		if err := s.grant(list, &v.Explanation); err != nil {
			return err
		}
		for i := range v.Rules {
			if err := s.settle(&v.Rules[i]); err != nil {
				return err
			}
		}
		text, err := json.Marshal(v.Explanation)
		if err != nil {
			return fmt.Errorf("encode the explanation: %w", err)
		}
		return tx.FinishMatch(delivery.ID, text, verdicts(v.Rules), "")
	})
	if errors.Is(err, store.ErrMatched) {
		return nil // another instance was faster
	}
	if err != nil || known {
		return err
	}
	d.metrics.matched(v.Rules)
	for _, b := range opened {
		d.log.Warn("a breaker opened: the rule ran too often on a repository and stops there; "+
			"hfbot breakers reset RULE REPO starts it again", zap.String("rule", b.Rule), zap.String("repo", b.Repo),
			zap.Int("runs", b.Runs), zap.Time("until", b.Until))
	}
	d.log.Info("delivery matched: "+v.Line(), zap.String("delivery", delivery.ID), zap.String("repo", delivery.Repo),
		zap.String("event", delivery.Scope+"."+delivery.Action))
	for _, note := range v.Notes {
		d.log.Info("delivery asks the bot: "+note, zap.String("delivery", delivery.ID), zap.String("repo", delivery.Repo))
	}
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
