package bot

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

// newPlan is the part of a run that its rule decides.
func newPlan(delivery *store.Delivery, o *rule.Outcome) store.Plan {
	plan := store.Plan{
		RuleHash: o.Rule.Hash, RulesDir: o.Rule.Dir, Vars: o.Rule.Vars, Command: o.Command, Facts: o.Facts,
		Key: planKey(delivery, o), DryRun: o.Rule.DryRun,
	}
	if o.Rule.Command != nil {
		plan.ArgTypes = map[string]string{}
		for _, a := range o.Rule.Command.Args {
			plan.ArgTypes[a.Name] = a.Type
		}
	}
	for i, s := range o.Rule.Steps {
		id := s.ID
		if id == "" {
			id = "#" + strconv.Itoa(i+1)
		}
		plan.Steps = append(plan.Steps, store.StepPlan{
			ID: id, Uses: s.Uses, With: s.With, If: s.If, Timeout: s.Timeout, Secrets: s.Secrets,
			Retry:           store.Retry{Max: s.RetryMax, Backoff: s.RetryBackoff, Factor: s.RetryFactor},
			ContinueOnError: s.ContinueOnError,
		})
	}
	return plan
}

// planKey is the root of the idempotency keys of a run. It is made of what a retry, a restart and a replay of the
// delivery have in common, so that an action recognises what it did before.
func planKey(delivery *store.Delivery, o *rule.Outcome) string {
	sum := sha256.New()
	for _, part := range []string{delivery.Key, delivery.KeySalt, o.RuleID, o.Ref} {
		sum.Write([]byte(strconv.Quote(part)))
	}
	return hex.EncodeToString(sum.Sum(nil))
}
