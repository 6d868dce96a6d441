package actions

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a file in testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale, run the test with -update:\n%s", path, diff)
	}
}

// goldenJSON is golden for a value.
func goldenJSON(t *testing.T, name string, v any) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	golden(t, name, b.String())
}

// samples is a registry with two actions.
func samples() *Registry {
	r := NewRegistry()
	Add(r, &sample{spec: sampleSpec()})
	Add(r, typed[one, struct{}]{Spec{ID: "test.plain", Summary: "Do little.", Effect: External}})
	return r
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	goldenJSON(t, "catalogue.json", samples().Catalogue())
	if got := NewRegistry().Catalogue(); got.Actions == nil {
		t.Error("an empty catalogue is null in JSON")
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	golden(t, "actions.md", samples().Markdown())
}

func TestInputSchema(t *testing.T) {
	t.Parallel()
	e, _ := samples().Get("test.sample")
	goldenJSON(t, "schema.json", e.InputSchema())
}
