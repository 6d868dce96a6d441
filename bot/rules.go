package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
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
	store  *store.Store // keeps the copies

	mu       sync.RWMutex
	set      *rule.Set
	rejected rule.Problems // of the newest files, when they could not be loaded
}

// openRules loads the rules for the first time. What is on the Hub and cannot be had from there, or has errors, is taken
// as the database keeps it of the last time.
func openRules(ctx context.Context, opts Options, copies *RuleCopies, db *store.Store) (*ruleBook, error) {
	b := &ruleBook{
		paths: copies.Paths, copies: copies, log: opts.Log, store: db,
		opts: rule.Options{Actions: opts.Actions, LookupEnv: opts.LookupEnv},
	}
	if err := b.fetch(ctx, opts.RulesPatience); err != nil {
		return nil, err
	}
	set, problems := rule.Load(b.paths, b.opts)
	if set == nil && len(copies.copies) > 0 && copies.problems() == nil && copies.restore(ctx, db, nil) == nil {
		copies.Rename(nil, problems)
		b.rejected = problems
		b.log.Error("the rules on the Hub have errors; the last good ones stay in force: " + problems.Error())
		set, problems = rule.Load(b.paths, b.opts)
	}
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
	if b.problems() == nil {
		b.saveLastGood(ctx, set.Hash)
	}
	return b, nil
}

// fetch fetches what is on the Hub, or else takes what was kept.
func (b *ruleBook) fetch(ctx context.Context, patience time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, cmp.Or(patience, copyFirst))
	defer cancel()
	away := b.copies.fetch(limited)
	if away == nil {
		return nil
	}
	switch err := b.copies.restore(ctx, b.store, away); {
	case errors.Is(err, store.ErrNotFound):
		return away
	case err != nil:
		return errors.Join(away, err)
	}
	b.log.Error("start by the last good rules: " + b.copies.problems().Error())
	return nil
}

// saveLastGood has the database keep those rules in force that are on the Hub; hash is that of all in force.
func (b *ruleBook) saveLastGood(ctx context.Context, hash string) {
	if len(b.copies.copies) == 0 {
		return
	}
	if err := b.copies.saveLastGood(ctx, b.store, hash); err != nil && ctx.Err() == nil {
		b.log.Warn("the rules on the Hub are not kept for a start without it", zap.Error(err))
	}
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
	changed := func(set *rule.Set, problems rule.Problems) {
		if b.changed(set, problems) {
			b.saveLastGood(ctx, set.Hash)
		}
	}
	if err := rule.Watch(ctx, b.current().Hash, b.paths, b.opts, changed); err != nil {
		b.log.Error("changes of the rules are not seen until the bot is started again", zap.Error(err))
	}
}

// changed takes what the files hold now, and tells whether that is in force. The set is nil when they have errors.
func (b *ruleBook) changed(set *rule.Set, problems rule.Problems) bool {
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
		return false
	}
	b.warn(problems)
	b.log.Info("the rules changed; the new ones are in force", zap.Int("rules", len(set.Rules)),
		zap.String("hash", set.Hash[:12]))
	return true
}

func (b *ruleBook) warn(problems rule.Problems) {
	for _, p := range problems {
		b.log.Warn("rules: " + p.String())
	}
}
