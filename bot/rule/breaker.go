package rule

import "time"

// Limits of a rule's breaker when the rule does not set its own. The second is for runs that the bot's own acts caused,
// where a loop shows itself.
var (
	defaultBreaker    = Breaker{Max: 2_000, Per: time.Hour}
	defaultOwnBreaker = Breaker{Max: 20, Per: time.Hour}
)

// BreakerFor is the breaker of the rule: for runs that the bot's own acts caused, or for all.
func (r *Rule) BreakerFor(own bool) Breaker {
	switch {
	case r.Breaker != nil:
		return *r.Breaker
	case own:
		return defaultOwnBreaker
	}
	return defaultBreaker
}
