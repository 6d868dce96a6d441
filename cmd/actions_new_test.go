package cmd

import (
	gofmt "go/format"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The templates are formatted as they stand, so that the program needs no formatter of Go.
func TestNewActionIsFormatted(t *testing.T) {
	for _, a := range []newAction{
		{ID: "a.b", Package: "b", Type: "b"},
		{ID: "acme.say_a_longer_greeting", Package: "sayalongergreeting", Type: "sayALongerGreeting"},
	} {
		files, err := a.files()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f.name, ".go") {
				continue
			}
			want, err := gofmt.Source(f.content)
			if err != nil {
				t.Fatalf("%s: %v", f.name, err)
			}
			if diff := cmp.Diff(string(want), string(f.content)); diff != "" {
				t.Errorf("%s is not formatted (-want +got):\n%s", f.name, diff)
			}
		}
	}
}
