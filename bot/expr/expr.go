// Package expr is the expression language of rules: CEL (https://cel.dev) over a webhook payload, in conditions and
// inside ${{ }}. It type-checks at load, bounds what an expression may cost, and fetches facts from the Hub only while
// the outcome still depends on them.
package expr

import (
	"context"

	"github.com/hfbot/hfbot/actions"
)

// Facts gives what must be looked up on the Hub, by one of FactNames. Implementations keep what they fetched, so that
// each fact costs one look-up for a delivery and commit. A failed look-up is an error, never an empty value.
type Facts interface {
	Fact(ctx context.Context, name string) (any, error)
}

// FactNames are the lazy facts, cheapest first.
var FactNames = []string{"tags", "commit", "author", "changed", "card", "files"}

// FactSHA is the head of a pull request, asked for only where Input.LazySHA says so; its value is a string.
const FactSHA = "sha"

// Input is what an expression sees. It must not be used by two goroutines at once.
type Input struct {
	Body       []byte // the delivery's body
	Event      *Event // the body decoded; made from Body when nil
	DeliveryID string
	Ref, SHA   string
	Vars       map[string]any
	Command    map[string]any // {"name": "/convert", "args": {...}}; nil when the event is no command
	Steps      map[string]StepResult
	Failed     bool  // a step before failed: failure() is true, success() is false
	Cancelled  bool  // the run is being cancelled: success() is false
	Facts      Facts // nil when offline: an expression that needs a fact fails

	// LazySHA makes sha a fact too, named FactSHA, looked up when an expression needs it and SHA is empty: the payload of
	// a discussion on a pull request does not tell its head.
	LazySHA bool

	scope *scope
}

// StepResult is what expressions read as steps.<id>.
type StepResult struct {
	OK      bool
	State   string
	Error   string
	Outputs map[string]any
}

// Options give an environment its types.
type Options struct {
	Vars  map[string]any // constants; their Go types become the types of vars.<name>
	Args  []Arg          // arguments of the rule's command
	Steps []Step         // steps defined before the one being compiled
}

// Arg is a command argument. Type is string (also when empty), int, float or bool.
type Arg struct{ Name, Type string }

// Step is a step whose outputs may be read.
type Step struct {
	ID      string
	Outputs []actions.Field
}
