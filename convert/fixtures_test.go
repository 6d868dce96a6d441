package convert_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/convert/safetensors"
)

// fixture is what expected.json says of one checkpoint in testdata/torch.
type fixture struct {
	OK      bool              `json:"ok"`
	Kind    string            `json:"kind"`
	Note    string            `json:"note"`
	File    string            `json:"file"` // SHA-256 of what the reference library writes
	Aliases map[string]string `json:"aliases"`
	Tensors map[string]struct {
		DType  string  `json:"dtype"`
		Shape  []int64 `json:"shape"`
		SHA256 string  `json:"sha256"`
	} `json:"tensors"`
}

func fixtures(tb testing.TB) map[string]fixture {
	tb.Helper()
	text, err := os.ReadFile("testdata/torch/expected.json")
	if err != nil {
		tb.Fatal(err)
	}
	var all map[string]fixture
	if err := json.Unmarshal(text, &all); err != nil {
		tb.Fatal(err)
	}
	return all
}

func TestFixtures(t *testing.T) {
	t.Parallel()
	for name, want := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join("testdata/torch", name))
			if err != nil {
				t.Fatal(err)
			}
			plan := inspect(t, data, convert.Options{})
			verdict := convert.OK
			if !want.OK {
				verdict = convert.Verdict(want.Kind)
			}
			if plan.Verdict != verdict {
				t.Fatalf("verdict is %s (%s), want %s: %s", plan.Verdict, plan.Reason, verdict, want.Note)
			}
			if !want.OK {
				if plan.Reason == "" || plan.Size() != 0 || plan.Write(t.Context(), &bytes.Buffer{}) == nil {
					t.Errorf("a refused checkpoint needs a reason (%q) and must not be written", plan.Reason)
				}
				return
			}
			checkOutput(t, plan, want)
		})
	}
}

// checkOutput writes, verifies and hashes a plan and compares all with what is expected.
func checkOutput(t *testing.T, plan *convert.Plan, want fixture) {
	t.Helper()
	out := write(t, plan)
	if err := plan.Verify(t.Context(), bytes.NewReader(out), int64(len(out))); err != nil {
		t.Error(err)
	}
	if err := plan.Hash(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(out); hex.EncodeToString(sum[:]) != want.File {
		t.Errorf("the file is not what the reference library writes:\n%q", plan.Header())
	}
	if diff := cmp.Diff(want.Aliases, plan.Aliases); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
	header, err := safetensors.Parse(bytes.NewReader(out), int64(len(out)))
	if err != nil {
		t.Fatal(err)
	}
	if len(header.Tensors) != len(want.Tensors) || len(plan.Tensors) != len(want.Tensors) {
		t.Fatalf("%d tensors written, want %d", len(header.Tensors), len(want.Tensors))
	}
	for _, got := range plan.Tensors {
		w := want.Tensors[got.Name]
		if got.DType != w.DType || got.SHA256 != w.SHA256 || !cmp.Equal(got.Shape, w.Shape) {
			t.Errorf("tensor %q is %s %v %s, want %s %v %s",
				got.Name, got.DType, got.Shape, got.SHA256, w.DType, w.Shape, w.SHA256)
		}
	}
}

func inspect(tb testing.TB, data []byte, opts convert.Options) *convert.Plan {
	tb.Helper()
	plan, err := convert.Inspect(context.Background(), bytes.NewReader(data), int64(len(data)), opts)
	if err != nil {
		tb.Fatal(err)
	}
	return plan
}

func write(tb testing.TB, plan *convert.Plan) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := plan.Write(context.Background(), &out); err != nil {
		tb.Fatal(err)
	}
	if int64(out.Len()) != plan.Size() {
		tb.Fatalf("%d bytes written, the plan said %d", out.Len(), plan.Size())
	}
	return out.Bytes()
}
