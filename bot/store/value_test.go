package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMapKeepsNumberTypes(t *testing.T) {
	t.Parallel()
	in := map[string]any{
		"int": 7, "big": int64(9007199254740993), "whole": 3.0, "half": 0.5, "huge": 1e300, "negative": -2.0,
		"list": []any{1, 2.0, "x", nil, true}, "map": map[string]any{"f": 1.0}, "texts": []string{"a"},
	}
	want := map[string]any{
		"int": int64(7), "big": int64(9007199254740993), "whole": 3.0, "half": 0.5, "huge": 1e300, "negative": -2.0,
		"list": []any{int64(1), 2.0, "x", nil, true}, "map": map[string]any{"f": 1.0}, "texts": []any{"a"},
	}
	text, err := encodeMap(in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeMap(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if in["whole"] != 3.0 {
		t.Error("encoding changed the map it was given")
	}
}

func TestNilMapStaysNil(t *testing.T) {
	t.Parallel()
	text, err := encodeMap(nil)
	if err != nil || text != "" {
		t.Errorf("encode: %q, %v", text, err)
	}
	if m, err := decodeMap(""); err != nil || m != nil {
		t.Errorf("decode: %v, %v", m, err)
	}
	if m, err := decodeMap("{}"); err != nil || m == nil {
		t.Errorf("decode of an empty object: %v, %v", m, err)
	}
}

func TestPlanRoundTrip(t *testing.T) {
	t.Parallel()
	want := Plan{
		RuleHash: "h", RulesDir: "/rules", Key: "k",
		Vars:    map[string]any{"n": int64(1), "f": 1.0},
		Command: map[string]any{"name": "/convert", "args": map[string]any{"n": int64(2)}},
		Facts:   map[string]any{"files": []any{"a", "b"}},
		Steps: []StepPlan{{
			ID: "a", Uses: "x.y", With: map[string]any{"n": int64(3), "t": "${{ sha }}"}, If: "always()",
			Timeout: time.Minute, Retry: Retry{Max: 3, Backoff: time.Second, Factor: 2, Force: true},
			Secrets: map[string]string{"token": "GITHUB_TOKEN"}, ContinueOnError: true,
		}},
	}
	text, err := encodePlan(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodePlan(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMicros(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 678000, time.UTC)
	if got := fromMicros(micros(at)); !got.Equal(at) {
		t.Errorf("got %s, want %s", got, at)
	}
	if got := fromMicros(micros(time.Time{})); !got.IsZero() {
		t.Errorf("the zero time came back as %s", got)
	}
}
