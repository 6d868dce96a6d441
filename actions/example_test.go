package actions_test

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
)

// greet is an action: one file, in any module.
type greet struct{}

// greetIn is what a rule writes under `with`.
type greetIn struct {
	Name  string `json:"name" required:"true" doc:"who to greet"`
	Times int    `json:"times" default:"1" doc:"how often"`
}

// greetOut is what later steps read.
type greetOut struct {
	Text string `json:"text" doc:"the greeting"`
}

func (greet) Spec() actions.Spec {
	return actions.Spec{ID: "acme.greet", Summary: "Greet somebody.", Effect: actions.None, Idempotent: true}
}

func (greet) Run(_ context.Context, _ *actions.Runtime, in greetIn) (greetOut, error) {
	var out greetOut
	for range in.Times {
		out.Text += "Hello " + in.Name + "! "
	}
	return out, nil
}

func Example() {
	registry := actions.NewRegistry() // a bot calls actions.Register in init instead
	actions.Add(registry, greet{})

	entry, _ := registry.Get("acme.greet")
	out, err := entry.Run(context.Background(), &actions.Runtime{}, map[string]any{"name": "Ada", "times": 2})
	fmt.Println(out["text"], err)
	for _, problem := range entry.Check(map[string]any{"nam": "Ada", "times": "two"}) {
		fmt.Println(problem.Message)
	}
	// Output:
	// Hello Ada! Hello Ada!  <nil>
	// acme.greet: input "name" is required: who to greet
	// acme.greet: times must be int, got string "two"
	// acme.greet has no input "nam"; inputs: name, times (did you mean "name"?)
}
