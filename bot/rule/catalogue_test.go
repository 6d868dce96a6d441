package rule_test

import (
	"context"

	"github.com/hfbot/hfbot/actions"
)

// action is an action that exists for its inputs and outputs only.
type action[In, Out any] struct{ spec actions.Spec }

func (a action[In, Out]) Spec() actions.Spec { return a.spec }

func (a action[In, Out]) Run(context.Context, *actions.Runtime, In) (out Out, err error) {
	return out, nil
}

type convertIn struct {
	To     string   `json:"to" doc:"The format." enum:"safetensors" required:"true"`
	Files  []string `json:"files" doc:"Globs of files."`
	Dtype  string   `json:"dtype" doc:"The type of the tensors." enum:"keep,bf16,f16" default:"keep"`
	Shards int      `json:"shards" doc:"How many files."`
}

type convertOut struct {
	PullRequest int      `json:"pull_request" doc:"Its number."`
	Files       []string `json:"files" doc:"What was written."`
}

type commentIn struct {
	Body       string `json:"body" doc:"Markdown." oneof:"text"`
	BodyFile   string `json:"body_file" doc:"A file beside the rules." oneof:"text"`
	Discussion int    `json:"discussion" doc:"Its number."`
	Key        string `json:"key" doc:"One comment for each key."`
}

type commentOut struct {
	ID  string `json:"id" doc:"The comment."`
	URL string `json:"url" doc:"Its address."`
}

type ciIn struct {
	Repository string         `json:"repository" doc:"The repository." required:"true"`
	Workflow   string         `json:"workflow" doc:"The workflow."`
	Ref        string         `json:"ref" doc:"The ref."`
	Inputs     map[string]any `json:"inputs" doc:"Its inputs."`
}

type ciOut struct {
	URL string `json:"url" doc:"The run."`
}

type execIn struct {
	Command []string          `json:"command" doc:"The command." required:"true"`
	Env     map[string]string `json:"env" doc:"The environment."`
}

type execOut struct {
	ExitCode int `json:"exit_code" doc:"The exit code."`
	JSON     any `json:"json" doc:"What it printed."`
}

// catalogue is the actions that the test rules use.
func catalogue() *actions.Registry {
	r := actions.NewRegistry()
	spec := func(id string, secrets ...actions.SecretSpec) actions.Spec {
		return actions.Spec{
			ID: id, Summary: "Exists for tests.", Effect: actions.HubWrite, Idempotent: true, Secrets: secrets,
			Example: "uses: " + id,
		}
	}
	actions.Add(r, action[convertIn, convertOut]{spec("model.convert")})
	actions.Add(r, action[commentIn, commentOut]{spec("hub.comment")})
	actions.Add(r, action[ciIn, ciOut]{spec("ci.github", actions.SecretSpec{Name: "token", Doc: "A token."})})
	actions.Add(r, action[execIn, execOut]{spec("exec.run")})
	return r
}
