package bot

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// settlement decides, inside the match transaction, what becomes of the matches of one delivery: a run, or a skip
// because of something only the store knows.
type settlement struct {
	tx       *store.Tx
	delivery *store.Delivery
	payload  *hub.Payload
	now      time.Time
	own      bool // the event is the bot's own act

	opened *[]store.Breaker // those that this delivery opened
}

// check looks at one reason not to run; a non-empty skip code refuses the run, and the clause says why.
type check func(o *rule.Outcome, r *store.Run) (skip string, why rule.Clause, err error)

// settle makes the run of a match or turns the match into a skip with its reason.
func (s settlement) settle(o *rule.Outcome) error {
	if o.Verdict != rule.VerdictMatched || o.Rule == nil {
		return nil
	}
	r := s.newRun(o)
	for _, look := range []check{s.obeyed, s.optedOut, s.breaker, s.rateLimit, s.debounceOnce, s.group} {
		code, why, err := look(o, r)
		if err != nil {
			return err
		}
		if code != "" {
			skip(o, code, why)
			return nil
		}
	}
	return s.tx.InsertRun(r)
}

// keysOf are the keys that the matches on a repository share with other runs.
func keysOf(outcomes []rule.Outcome, repoID string) (keys []store.Keys) {
	for _, o := range outcomes {
		if o.Verdict != rule.VerdictMatched || o.Rule == nil {
			continue
		}
		k := store.Keys{Rule: o.RuleID, Once: o.OnceKey, Breaker: repoID}
		if o.Rule.Debounce != nil {
			k.Debounce = o.DebounceKey
		}
		if o.Rule.Concurrency != nil {
			k.Group = o.GroupKey
		}
		if o.Rule.RateLimit != nil {
			k.Rate = o.RateKey
		}
		keys = append(keys, k)
	}
	return keys
}

// skip turns a match into a skip.
func skip(o *rule.Outcome, code string, why rule.Clause) {
	o.Verdict, o.Reason, o.Steps = rule.VerdictSkipped, code, []rule.StepView{}
	o.Clauses = append(o.Clauses, why)
}

// newRun makes the run of a matched rule. It carries the rule's steps as they are now, so that a later change of the
// rules does not reach into it.
func (s settlement) newRun(o *rule.Outcome) *store.Run {
	p := s.payload
	return &store.Run{
		ID: uuid.Must(uuid.NewV7()).String(), DeliveryID: s.delivery.ID, Rule: o.RuleID, Ref: o.Ref, SHA: o.SHA,
		Repo: p.Repo.Name, RepoType: string(p.Repo.Type), RepoID: p.Repo.ID, RateKey: o.RateKey, OwnCaused: s.own,
		State: store.Queued, CreatedAt: s.now, Plan: newPlan(s.delivery, o),
	}
}

// passed is the answer of a check that has nothing against the run.
func passed(err error) (string, rule.Clause, error) { return "", rule.Clause{}, err }

// obeyed keeps a command from running twice: the Hub may tell of the first comment of a discussion in two deliveries, as
// the discussion's and as a comment.
func (s settlement) obeyed(o *rule.Outcome, _ *store.Run) (string, rule.Clause, error) {
	if o.Command == nil {
		return passed(nil)
	}
	mine, err := s.claim("command of rule " + o.RuleID)
	if err != nil || mine {
		return passed(err)
	}
	return "duplicate", rule.Clause{
		Clause: "command", Want: "a comment that was not read before", Got: "another delivery told of it",
	}, nil
}

// claim takes a command in the delivery's comment; false when another delivery told of the same comment.
func (s settlement) claim(what string) (bool, error) {
	if s.payload.Comment == nil || s.payload.Comment.ID == "" {
		return true, nil
	}
	return s.tx.Reserve(what, s.payload.Comment.ID, s.delivery.Key)
}

func (s settlement) optedOut(o *rule.Outcome, r *store.Run) (string, rule.Clause, error) {
	out, err := s.tx.Stopped(o.RuleID, r.RepoID)
	if err != nil || !out {
		return passed(err)
	}
	return "opted_out", rule.Clause{
		Clause: "opted_out", Want: "a repository that did not opt out", Got: "its people stopped this rule",
	}, nil
}

// breaker stops a rule that runs too often on a repository. What the bot's own acts cause has a narrower limit besides,
// unless the rule sets its own for all.
func (s settlement) breaker(o *rule.Outcome, r *store.Run) (string, rule.Clause, error) {
	kinds := []bool{false}
	if r.OwnCaused && o.Rule.Breaker == nil {
		kinds = append(kinds, true)
	}
	for _, own := range kinds {
		limit := o.Rule.BreakerFor(own)
		b, opened, err := s.tx.Trip(r, store.BreakerLimit{Max: limit.Max, Per: limit.Per, Own: own})
		if err != nil {
			return passed(err)
		}
		if b == nil {
			continue
		}
		if opened {
			*s.opened = append(*s.opened, *b)
		}
		return "breaker", rule.Clause{
			Clause: "breaker", Want: fmt.Sprintf("fewer than %d runs on this repository in %s", limit.Max, limit.Per),
			Got: fmt.Sprintf("%d at %s; open until %s, or: hfbot breakers reset %s %s", b.Runs,
				b.OpenedAt.UTC().Format(time.RFC3339), b.Until.UTC().Format(time.RFC3339), b.Rule, b.Repo),
		}, nil
	}
	return passed(nil)
}

func (s settlement) rateLimit(o *rule.Outcome, r *store.Run) (string, rule.Clause, error) {
	limit := o.Rule.RateLimit
	if limit == nil {
		return passed(nil)
	}
	n, err := s.tx.CountRuns(o.RuleID, r.RateKey, s.now.Add(-limit.Per))
	if err != nil || n < limit.Max {
		return passed(err)
	}
	return "rate_limited", rule.Clause{
		Clause: "rate_limit", Want: fmt.Sprintf("fewer than %d runs for %q in %s", limit.Max, r.RateKey, limit.Per),
		Got: fmt.Sprintf("%d", n),
	}, nil
}

// debounceOnce takes the value of once_per. A debounced run first makes the waiting one of its key give way, because
// that one may hold the very value; but not when the value is beyond having, for then neither would run.
func (s settlement) debounceOnce(o *rule.Outcome, r *store.Run) (string, rule.Clause, error) {
	if o.OnceKey != "" {
		taken, err := s.tx.OnceTaken(o.RuleID, o.OnceKey, o.DebounceKey)
		if err != nil {
			return passed(err)
		}
		if taken {
			return "once", rule.Clause{Clause: "once_per", Want: "a value no earlier run has", Got: o.OnceKey}, nil
		}
	}
	if d := o.Rule.Debounce; d != nil {
		if err := s.tx.Debounce(r, o.DebounceKey, d.Wait, d.Max); err != nil {
			return passed(err)
		}
	}
	if o.OnceKey == "" {
		return passed(nil)
	}
	free, err := s.tx.TakeOnce(o.RuleID, o.OnceKey, r.ID)
	if err == nil && !free {
		err = fmt.Errorf("once_per value of rule %s was free and then was not", o.RuleID)
	}
	return passed(err)
}

func (s settlement) group(o *rule.Outcome, r *store.Run) (string, rule.Clause, error) {
	c := o.Rule.Concurrency
	if c == nil {
		return passed(nil)
	}
	in, err := s.tx.JoinGroup(r, o.GroupKey, c.OnConflict)
	if err != nil || in {
		return passed(err)
	}
	return "superseded", rule.Clause{
		Clause: "concurrency", Want: "no run of the group that goes before", Got: "one of " + o.GroupKey,
	}, nil
}
