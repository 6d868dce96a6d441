package actions

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// runSample runs an action that returns out.
func runSample(t *testing.T, out sampleOut) (map[string]any, error) {
	t.Helper()
	e := newSample(func(context.Context, *Runtime, sampleIn) (sampleOut, error) { return out, nil })
	return e.Run(t.Context(), &Runtime{Secrets: map[string]hub.Secret{"token": "s3cret"}}, minimal(nil))
}

func TestEncode(t *testing.T) {
	t.Parallel()
	got, err := runSample(t, sampleOut{
		Text: "x", Count: -1, Big: 1 << 40, Ratio: 0.25, Flag: true, Names: []string{"a"},
		Table: map[string]int{"n": 2}, Value: []string{"y"}, Entries: []any{1, nil},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"text": "x", "count": int64(-1), "big": int64(1 << 40), "ratio": 0.25, "flag": true, "names": []any{"a"},
		"table": map[string]any{"n": int64(2)}, "value": []any{"y"}, "entries": []any{int64(1), nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEncodeZero(t *testing.T) {
	t.Parallel()
	want := map[string]any{
		"text": "", "count": int64(0), "big": int64(0), "ratio": 0.0, "flag": false, "names": []any{},
		"table": map[string]any{}, "value": nil, "entries": []any{},
	}
	if diff := cmp.Diff(want, newSample(nil).Zero()); diff != "" {
		t.Error(diff)
	}
}

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		out  sampleOut
		want string
	}{
		{"beyond int64", sampleOut{Big: math.MaxUint64}, `output "big": 18446744073709551615 is too large`},
		{"NaN", sampleOut{Ratio: math.NaN()}, `output "ratio"`},
		{"a function", sampleOut{Value: func() {}}, `output "value"`},
		{"a secret", sampleOut{Entries: []any{hub.Secret("hush")}}, `output "entries": [0]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := runSample(t, test.out)
			if err == nil || !strings.Contains(err.Error(), test.want) || !IsPermanent(err) {
				t.Errorf("error %v, want a permanent one with %q", err, test.want)
			}
		})
	}
}
