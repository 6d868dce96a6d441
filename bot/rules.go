package bot

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/rule"
)

// RulesError is what New gives for rules that cannot be loaded; Problems holds every mistake with its place.
type RulesError struct{ Problems rule.Problems }

// Error implements error with all problems, a line each.
func (e *RulesError) Error() string { return e.Problems.Text() }

// ruleBook is the rules in force. They are exchanged as a whole when the files change; files with errors change
// nothing but are remembered, so that every place that shows the rules can say that they are not those on disk.
type ruleBook struct {
	paths  []string
	opts   rule.Options
	log    *zap.Logger
	copies *RuleCopies

	mu       sync.RWMutex
	set      *rule.Set
	rejected rule.Problems // of the newest files, when they could not be loaded
}

// openRules loads the rules for the first time, when there are none yet to fall back to.
func openRules(opts Options, copies *RuleCopies) (*ruleBook, error) {
	b := &ruleBook{
		paths: copies.Paths, copies: copies, log: opts.Log,
		opts: rule.Options{Actions: opts.Actions, LookupEnv: opts.LookupEnv},
	}
	set, problems := rule.Load(b.paths, b.opts)
	copies.Rename(set, problems)
	if set == nil {
		return nil, &RulesError{problems}
	}
	b.warn(problems)
	if opts.OnlyRule != "" {
		if set = set.Only(opts.OnlyRule); set == nil {
			return nil, fmt.Errorf("there is no rule %q", opts.OnlyRule)
		}
	}
	b.set = set
	return b, nil
}

// current is the rules in force.
func (b *ruleBook) current() *rule.Set {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.set
}

// problems are the errors of the newest files, nil when they are in force.
func (b *ruleBook) problems() rule.Problems {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Concat(b.rejected, b.copies.problems())
}

// watch exchanges the rules whenever their files change, until ctx ends.
func (b *ruleBook) watch(ctx context.Context) {
	if err := rule.Watch(ctx, b.current().Hash, b.paths, b.opts, b.changed); err != nil {
		b.log.Error("changes of the rules are not seen until the bot is started again", zap.Error(err))
	}
}

// changed takes what the files hold now. The set is nil when they have errors.
func (b *ruleBook) changed(set *rule.Set, problems rule.Problems) {
	b.copies.Rename(set, problems)
	b.mu.Lock()
	if set == nil {
		b.rejected = problems
	} else {
		b.set, b.rejected = set, nil
	}
	b.mu.Unlock()
	if set == nil {
		b.log.Error("the rules changed and have errors; the last good ones stay in force: "+problems.Error(),
			zap.Int("problems", len(problems)))
		return
	}
	b.warn(problems)
	b.log.Info("the rules changed; the new ones are in force", zap.Int("rules", len(set.Rules)),
		zap.String("hash", set.Hash[:12]))
}

func (b *ruleBook) warn(problems rule.Problems) {
	for _, p := range problems {
		b.log.Warn("rules: " + p.String())
	}
}
