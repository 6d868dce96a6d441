package actions

import (
	"net/http"

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
