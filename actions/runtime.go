package actions

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/hub"
)

// Runtime is what an action may use. It is valid during Run only.
type Runtime struct {
	Event    *hub.Payload                         // what happened; nil when a step runs without an event
	SHA      string                               // commit the step works at; empty when the event has none
	Ref      string                               // the ref that matched; empty when none
	BotID    string                               // id of the bot's own account; empty when not known
	BotName  string                               // name of the bot's own account
	Hub      *hub.Client                          // the Hub; read-only in a dry run
	HTTP     *http.Client                         // everything else, under the egress policy
	Log      *zap.Logger                          // carries delivery, rule, run, step and attempt
	Key      string                               // idempotency key, equal over retries, restarts and replays
	Dir      string                               // an empty folder, removed after the step
	DryRun   bool                                 // do everything but effects
	Secrets  map[string]hub.Secret                // by the names in Spec.Secrets; use Secret
	Files    func(path string) ([]byte, error)    // files beside the rules, such as templates
	Progress func(done, total int64, note string) // may be nil; use Report

	// Shared holds what the steps of the bot share; nil where they share nothing.
	Shared *Shared

	// Quota counts for Take; nil: all may have any number.
	Quota func(ctx context.Context, name string, most int, per time.Duration) (bool, error)

	// StartedAgain is when people of the repository last asked the bot to start again (/hfbot start): a pull request or
	// discussion that they closed before that is no wish to be left alone any more. Zero: never.
	StartedAgain time.Time

	// Until tells until when, by this machine's clock, the step is surely this bot's; that time moves on while the bot lives
	// and reaches its database. What an action starts that goes on while the bot stands still, such as a process, must
	// end by then, since another instance begins the step again. Nil: there is no other.
	Until func() time.Time

	// Kept is what an earlier attempt at this step gave to Remember before it failed or the bot died; nil without.
	Kept map[string]any
	// Keep keeps a note for the next attempt; may be nil, use Remember.
	Keep func(ctx context.Context, note map[string]any) error
}

// Secret returns a secret the step was given, or "" when it was given none of that name. Secrets that the Spec
// requires are there whenever Run is called.
func (rt *Runtime) Secret(name string) hub.Secret { return rt.Secrets[name] }

// Report tells how far the step is: done of total, in a unit of the action's choice; total 0 means unknown. The note
// is shown to people.
func (rt *Runtime) Report(done, total int64, note string) {
	if rt.Progress != nil {
		rt.Progress(done, total, note)
	}
}

// Take tells whether somebody may have one more of what the action gives, at most so many within a time, and counts it.
// The count is kept over restarts and shared by all instances of the bot; retries of the step count once. The name is
// the action's own choice, such as the id of a user.
func (rt *Runtime) Take(ctx context.Context, name string, most int, per time.Duration) (bool, error) {
	if rt.Quota == nil {
		return true, nil
	}
	return rt.Quota(ctx, name, most, per)
}

// Remember keeps a note for the next attempt at this step, which finds it in Kept: what is done already and need not be
// done again. A later note replaces it. It holds JSON values, and the step's secrets are masked in it.
func (rt *Runtime) Remember(ctx context.Context, note map[string]any) error {
	if rt.Keep == nil {
		return nil
	}
	return rt.Keep(ctx, note)
}
