package convert_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// TestWarnings converts checkpoints whose zip gives checksums that their bytes do not have.
func TestWarnings(t *testing.T) {
	t.Parallel()
	with := func(state string, records ...record) []byte {
		return zipOf(append([]record{{name: "a/data.pkl", data: state}}, records...)...)
	}
	part := state(dict("w", tensor(storage("FloatStorage", "0", 4), 1, []int{2}, []int{1})))
	var many []any
	var damaged []record
	for i := range 30 {
		key := string(rune('a' + i))
		many = append(many, key, floats(key, 4))
		damaged = append(damaged, record{name: "a/data/" + key, data: four, crcOff: 7})
	}
	tests := map[string]struct {
		data []byte
		opts convert.Options
		want int
	}{
		"right":            {with(sound, record{name: "a/data/0", data: four}), convert.Options{}, 0},
		"wrong":            {with(sound, record{name: "a/data/0", data: four, crcOff: 1}), convert.Options{}, 1},
		"left out":         {with(sound, record{name: "a/data/0", data: four, noCRC: true}), convert.Options{}, 0},
		"a part is no sum": {with(part, record{name: "a/data/0", data: four, crcOff: 1}), convert.Options{}, 0},
		"nor is a cast":    {with(sound, record{name: "a/data/0", data: four, crcOff: 1}), convert.Options{DType: convert.ToBF16}, 0},
		"many":             {with(state(dict(many...)), damaged...), convert.Options{}, 21},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := inspect(t, test.data, test.opts)
			if err := plan.Write(t.Context(), io.Discard); err != nil {
				t.Fatal(err)
			}
			if len(plan.Warnings) != test.want {
				t.Errorf("%d warnings, want %d: %q", len(plan.Warnings), test.want, plan.Warnings)
			}
			if test.want == 1 && !strings.Contains(plan.Warnings[0], `tensor "w" do not have the checksum`) {
				t.Error(plan.Warnings)
			}
		})
	}
}

// TestWriteReserves writes into a file that something stands before, and checks that its length is not touched by the
// room that is reserved.
func TestWriteReserves(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("before"); err != nil {
		t.Fatal(err)
	}
	plan := inspect(t, torchZip(sound, four), convert.Options{})
	if err := plan.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(f.Name())
	if want := append([]byte("before"), write(t, plan)...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, got %q, want %q", err, got, want)
	}
}

// TestCheckHeader finds what is wrong before the tensors.
func TestCheckHeader(t *testing.T) {
	t.Parallel()
	plan := inspect(t, torchZip(sound, four), convert.Options{})
	file, size := write(t, plan), plan.Size()
	if err := plan.CheckHeader(bytes.NewReader(file), size); err != nil {
		t.Error(err)
	}
	for i := range plan.Header() {
		broken := bytes.Clone(file)
		broken[i] ^= 1
		if err := plan.CheckHeader(bytes.NewReader(broken), size); err == nil {
			t.Errorf("byte %d may differ", i)
		}
	}
	if err := plan.CheckHeader(bytes.NewReader(file[:size-1]), size-1); err == nil {
		t.Error("a file cut short is taken")
	}
}
