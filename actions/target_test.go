package actions

import (
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestTargetResolve(t *testing.T) {
	t.Parallel()
	dataset := &hub.Payload{Repo: hub.Repo{Type: hub.Dataset, Name: "acme/data"}}
	bucket := &hub.Payload{Repo: hub.Repo{Type: "bucket", Name: "acme/files"}}
	tests := []struct {
		name   string
		event  *hub.Payload
		target Target
		want   string // empty: refused
		same   bool
	}{
		{"the event's", dataset, Target{}, "dataset acme/data", true},
		{"another of its kind", dataset, Target{Repo: "acme/more"}, "dataset acme/more", false},
		{"another kind", dataset, Target{RepoType: "model"}, "model acme/data", false},
		{"no event", nil, Target{Repo: "acme/tiny"}, "model acme/tiny", false},
		{"an old model", nil, Target{Repo: "gpt2"}, "model gpt2", false},
		{"nothing", nil, Target{}, "", false},
		{"a bucket", bucket, Target{}, "", false},
		{"up the tree", nil, Target{Repo: "../settings"}, "", false},
		{"an address", nil, Target{Repo: "https://example.org/x"}, "", false},
		{"too many parts", nil, Target{Repo: "a/b/c"}, "", false},
		{"a question mark", nil, Target{Repo: "a/b?x=1"}, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rt := &Runtime{Event: test.event}
			ref, err := test.target.Resolve(rt)
			if test.want == "" {
				if !IsPermanent(err) {
					t.Errorf("got %v, %v, want a permanent error", ref, err)
				}
				return
			}
			if err != nil || ref.String() != test.want || rt.IsEvent(ref) != test.same {
				t.Errorf("got %q (event's: %v), %v", ref, rt.IsEvent(ref), err)
			}
		})
	}
}
