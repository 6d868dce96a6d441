package bot

import (
	"github.com/hfbot/hfbot/bot/rule"
)

// RulesError is what New gives for rules that cannot be loaded; Problems holds every mistake with its place.
type RulesError struct{ Problems rule.Problems }

// Error implements error with all problems, a line each.
func (e *RulesError) Error() string { return e.Problems.Text() }

// loadRules loads the rules and logs their warnings.
func loadRules(opts Options) (*rule.Set, error) {
	set, problems := rule.Load(opts.Rules, rule.Options{Actions: opts.Actions, LookupEnv: opts.LookupEnv})
	if set == nil {
		return nil, &RulesError{problems}
	}
	for _, p := range problems {
		opts.Log.Warn("rules: " + p.String())
	}
	return set, nil
}
