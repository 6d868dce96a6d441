package actions

import (
	"context"
	"errors"
	"time"
)

// sampleIn has an input of every type.
type sampleIn struct {
	Text    string            `json:"text" required:"true" doc:"some text"`
	Choice  string            `json:"choice" enum:"red,green" default:"red" doc:"a colour"`
	Count   int               `json:"count" default:"3" doc:"how many"`
	Small   int8              `json:"small" doc:"a small number"`
	Natural uint16            `json:"natural" doc:"a number from 0"`
	Ratio   float64           `json:"ratio" default:"0.5" doc:"a fraction"`
	Flag    bool              `json:"flag" default:"true" doc:"on or off"`
	Wait    time.Duration     `json:"wait" default:"1m" doc:"how long"`
	Names   []string          `json:"names" default:"[\"a\"]" doc:"names"`
	Numbers []int             `json:"numbers" doc:"numbers"`
	Colours []string          `json:"colours" enum:"red,green" doc:"colours"`
	Labels  map[string]string `json:"labels" doc:"labels | with a bar"`
	Value   any               `json:"value" doc:"anything"`
	Left    string            `json:"left" oneof:"side" doc:"this"`
	Right   string            `json:"right" oneof:"side" doc:"or that"`
	Target
}

// Validate refuses one value.
func (in *sampleIn) Validate() error {
	if in.Text == "invalid" {
		return errors.New("the text is invalid")
	}
	return nil
}

// sampleOut has an output of every type.
type sampleOut struct {
	Text    string         `json:"text" doc:"some text"`
	Count   int            `json:"count" doc:"how many"`
	Big     uint64         `json:"big" doc:"a large number"`
	Ratio   float64        `json:"ratio" doc:"a fraction"`
	Flag    bool           `json:"flag" doc:"on or off"`
	Names   []string       `json:"names" doc:"names"`
	Table   map[string]int `json:"table" doc:"numbers by name"`
	Value   any            `json:"value" doc:"anything"`
	Entries []any          `json:"entries" doc:"a list of anything"`
}

// sample is an action made of functions.
type sample struct {
	spec Spec
	run  func(ctx context.Context, rt *Runtime, in sampleIn) (sampleOut, error)
}

func (s *sample) Spec() Spec { return s.spec }

func (s *sample) Run(ctx context.Context, rt *Runtime, in sampleIn) (sampleOut, error) {
	return s.run(ctx, rt, in)
}

// sampleSpec is a complete Spec.
func sampleSpec() Spec {
	return Spec{
		ID:          "test.sample",
		Summary:     "Do what a test wants.",
		Description: "At length.",
		Effect:      None,
		Idempotent:  true,
		Secrets:     []SecretSpec{{Name: "token", Doc: "a token", Required: true}, {Name: "extra", Doc: "another"}},
		Example:     "uses: test.sample\nwith: {text: hello, left: l}",
	}
}

// newSample registers a sample action in a registry of its own.
func newSample(run func(ctx context.Context, rt *Runtime, in sampleIn) (sampleOut, error)) *Entry {
	r := NewRegistry()
	Add(r, &sample{spec: sampleSpec(), run: run})
	e, _ := r.Get("test.sample")
	return e
}
