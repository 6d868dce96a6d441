package actions

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// typed is an action of any types that does nothing.
type typed[In, Out any] struct{ spec Spec }

func (a typed[In, Out]) Spec() Spec { return a.spec }

func (a typed[In, Out]) Run(context.Context, *Runtime, In) (Out, error) {
	var out Out
	return out, nil
}

// addSpec registers an action with a Spec that edit has changed.
func addSpec(edit func(*Spec)) func(*Registry) {
	return func(r *Registry) {
		spec := sampleSpec()
		edit(&spec)
		Add(r, typed[sampleIn, sampleOut]{spec})
	}
}

// addTypes registers an action with other types.
func addTypes[In, Out any](r *Registry) { Add(r, typed[In, Out]{sampleSpec()}) }

type (
	noTag struct{ A string }
	noDoc struct {
		A string `json:"a"`
	}
	badName struct {
		A string `json:"A-b" doc:"d"`
	}
	hidden struct {
		_ string
	}
	twice struct {
		one
		B string `json:"a" doc:"d"`
	}
	channel struct {
		A chan int `json:"a" doc:"d"`
	}
	intKeys struct {
		A map[int]string `json:"a" doc:"d"`
	}
	deepBad struct {
		A []map[string]chan int `json:"a" doc:"d"`
	}
	secretIn struct {
		A hub.Secret `json:"a" doc:"d"`
	}
	intEnum struct {
		A int `json:"a" doc:"d" enum:"1,2"`
	}
	badDefault struct {
		A int `json:"a" doc:"d" default:"x"`
	}
	offEnum struct {
		A string `json:"a" doc:"d" enum:"x" default:"y"`
	}
	overflow struct {
		A int8 `json:"a" doc:"d" default:"300"`
	}
	bothGiven struct {
		A string `json:"a" doc:"d" required:"true" default:"y"`
	}
	badBool struct {
		A string `json:"a" doc:"d" required:"yes"`
	}
	durations struct {
		A time.Duration `json:"a" doc:"d"`
	}
	one struct {
		A string `json:"a" doc:"d"`
	}
)

func TestAddPanics(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		add  func(*Registry)
		want string
	}{
		{"no dot", addSpec(func(s *Spec) { s.ID = "sample" }), "the id must match"},
		{"upper case", addSpec(func(s *Spec) { s.ID = "Test.sample" }), "the id must match"},
		{"no id", addSpec(func(s *Spec) { s.ID = "" }), "the id must match"},
		{"no summary", addSpec(func(s *Spec) { s.Summary = "" }), "no summary"},
		{"no such access", addSpec(func(s *Spec) { s.Access = "root" }), `unknown access "root"`},
		{"no effect", addSpec(func(s *Spec) { s.Effect = "" }), "unknown effect"},
		{"secret without doc", addSpec(func(s *Spec) { s.Secrets = []SecretSpec{{Name: "token"}} }), `secret "token" needs`},
		{"duplicate", func(r *Registry) { addTypes[one, one](r); addTypes[one, one](r) }, "an action of that id"},
		{"no struct", addTypes[string, one], "string is not a struct"},
		{"no inputs", addTypes[struct{}, one], "at least one input"},
		{"no tag", addTypes[noTag, one], `json name "" must match`},
		{"no doc", addTypes[one, noDoc], "no doc tag"},
		{"bad name", addTypes[badName, one], `json name "A-b" must match`},
		{"not exported", addTypes[hidden, one], "not exported"},
		{"name twice", addTypes[twice, one], `a second "a"`},
		{"channel", addTypes[channel, one], "type chan int is not supported"},
		{"int keys", addTypes[intKeys, one], "a map needs string keys, not int"},
		{"channel inside", addTypes[one, deepBad], "type chan int is not supported"},
		{"secret input", addTypes[secretIn, one], "a secret is named in Spec.Secrets"},
		{"enum of ints", addTypes[intEnum, one], "enum on int"},
		{"default of the wrong type", addTypes[badDefault, one], `default "x"`},
		{"default outside enum", addTypes[offEnum, one], "must be one of x"},
		{"default out of range", addTypes[overflow, one], "300 is out of range"},
		{"required with default", addTypes[bothGiven, one], "a default on an input that must be given"},
		{"required other than true", addTypes[badBool, one], `required:"yes"`},
		{"duration output", addTypes[one, durations], "an output is no duration"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, test.want) {
					t.Errorf("panic %q, want one with %q", got, test.want)
				}
			}()
			test.add(NewRegistry())
		})
	}
}

func TestRegistryLooksUp(t *testing.T) {
	t.Parallel()
	r := NewRegistry()
	for _, id := range []string{"hub.comment", "ci.github", "hub.commit"} {
		spec := sampleSpec()
		spec.ID = id
		Add(r, typed[one, one]{spec})
	}
	var ids []string
	for _, e := range r.All() {
		ids = append(ids, e.Spec.ID)
	}
	if diff := cmp.Diff([]string{"ci.github", "hub.comment", "hub.commit"}, ids); diff != "" {
		t.Error(diff)
	}
	if e, ok := r.Get("hub.comment"); !ok || e.Spec.ID != "hub.comment" {
		t.Errorf("Get: %v, %v", e, ok)
	}
	if _, ok := r.Get("hub.coment"); ok {
		t.Error("Get finds what is not there")
	}
	if diff := cmp.Diff([]string{"hub.comment", "hub.commit"}, r.Near("hub.coment")); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsInOrder(t *testing.T) {
	t.Parallel()
	e := newSample(nil)
	var got []string
	for _, f := range e.Inputs {
		got = append(got, f.Name+" "+f.Type+" "+f.Elem)
	}
	want := []string{
		"text string ", "choice string ", "count int ", "small int ", "natural int ", "ratio float ", "flag bool ",
		"wait duration ", "names list string", "numbers list int", "colours list string", "labels map string", "value any ",
		"left string ", "right string ", "repo string ", "repo_type string ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
