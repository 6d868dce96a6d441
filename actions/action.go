// Package actions is the contract between hfbot and what it can do. An action is one Go type: a [Spec], an input
// struct, an output struct and Run. From these come strict decoding, defaults, checks of rules before anything
// runs, documentation and JSON Schema, so that nothing is written twice.
//
// An action registers itself in an init function:
//
//	func init() { actions.Register(greet{}) }
//
// The life of an action: the value given to Register lives as long as the process. If it has a method
// Provision(context.Context) error, that is called before its first run; if it is an io.Closer, Close is called by
// [Registry.Close], only after Provision has succeeded or when there is none. For each step the engine decodes the
// inputs, calls Validate on them if they have it, then Run, and encodes the outputs.
package actions

import (
	"context"
	"time"
)

// Action does one thing. In and Out are structs; each exported field is one input or output and carries tags:
//
//	json:"name"        the name in YAML and in steps.x.outputs
//	doc:"..."          one line for people
//	default:"..."      value when the input is absent; lists and maps as JSON
//	required:"true"    the input must be given
//	enum:"a,b"         the only values (of a string or of each string in a list)
//	oneof:"group"      exactly one input of the group must be given
//
// Fields are strings, bools, integers, floats, time.Duration, any, lists and string-keyed maps of those, or embedded
// structs of such fields. Run may be called from several goroutines at once.
type Action[In, Out any] interface {
	Spec() Spec
	Run(ctx context.Context, rt *Runtime, in In) (Out, error)
}

// Validator is what an input struct may implement to check inputs against each other. It is called after strict
// decoding, before Run and, when a rule gives all inputs as constants, as soon as the rule is loaded.
type Validator interface {
	Validate() error
}

// Provisioner is what an action may implement to get ready: it is called before the first run. When it fails, the
// step fails, may be retried, and Provision is called again.
type Provisioner interface {
	Provision(ctx context.Context) error
}

// Effect says what an action changes.
type Effect string

// The effects an action may have.
const (
	None     Effect = "none"     // reads only
	HubWrite Effect = "hub"      // writes to the Hub
	External Effect = "external" // reaches other services
)

// Access is what an action needs on the repository it works on, beyond what any account may do in a public one: read,
// comment, open discussions and pull requests. `hfbot doctor` asks the Hub for it.
type Access string

// The accesses an action may need.
const (
	Anybody        Access = ""                 // none
	WriteUnlessOwn Access = "write_unless_own" // write access, except for discussions and pull requests that the bot opened
	WriteAccess    Access = "write"            // write access
)

// Spec describes an action to people and to the engine.
type Spec struct {
	ID          string        // dotted lower-case words, such as "hub.comment"
	Summary     string        // one line
	Description string        // Markdown, may be empty
	Effect      Effect        // what it changes
	Access      Access        // what it needs to be allowed for that
	Idempotent  bool          // running it again with the same key has no second effect, so the engine may retry
	Timeout     time.Duration // default for a step; 0: the engine's
	Secrets     []SecretSpec  // secrets it takes
	Example     string        // YAML of one step
}

// AnySecret is the name in a SecretSpec that stands for all names a rule may choose itself, such as those of variables
// in the environment of a program.
const AnySecret = "*"

// SecretSpec is a secret an action takes. A rule names the environment variable that holds it.
type SecretSpec struct {
	Name     string `json:"name"`
	Doc      string `json:"doc"`
	Required bool   `json:"required"`
}
