package convert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/convert/safetensors"
)

// memory is a folder of files.
type memory map[string][]byte

// memoryFile counts how many of its kind are open.
type memoryFile struct {
	*bytes.Reader
	open *int
}

func (f memoryFile) Close() error { *f.open--; return nil }

// opener opens files of the folder and counts those that stay open.
func (m memory) opener(open *int) convert.OpenFunc {
	return func(_ context.Context, name string) (convert.File, error) {
		data, ok := m[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		*open++
		return memoryFile{bytes.NewReader(data), open}, nil
	}
}

// sharded is the sharded fixture in a folder, with the index given.
func sharded(t *testing.T, index string) memory {
	t.Helper()
	m := memory{"sub/pytorch_model.bin.index.json": []byte(index)}
	for _, name := range []string{shardOne, shardTwo} {
		data, err := os.ReadFile("testdata/torch/sharded/" + name)
		if err != nil {
			t.Fatal(err)
		}
		m["sub/"+name] = data
	}
	return m
}

func openSharded(t *testing.T, index string, opts convert.Options) (*convert.Model, error) {
	t.Helper()
	open := 0
	m, err := openOnly(t, sharded(t, index), &open, opts)
	if err != nil && open != 0 {
		t.Errorf("%d files are open after an error", open)
	}
	return m, err
}

// openOnly opens the only group of a folder.
func openOnly(t *testing.T, files memory, open *int, opts convert.Options) (*convert.Model, error) {
	t.Helper()
	var paths []string
	for name := range files {
		paths = append(paths, name)
	}
	groups, skipped := convert.Choose(paths, opts)
	if len(groups) != 1 {
		t.Fatalf("groups %v, skipped %v", groups, skipped)
	}
	return convert.OpenModel(t.Context(), groups[0], files.opener(open), opts)
}

// TestModelShards keeps the files of an index and writes a truthful one.
func TestModelShards(t *testing.T) {
	t.Parallel()
	m, err := openSharded(t, shardedIndex, convert.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const golden = `{
  "metadata": {
    "kind": "x<y",
    "total_size": 800
  },
  "weight_map": {
    "model.embed_tokens.weight": "model-00001-of-00002.safetensors",
    "model.layers.0.weight": "model-00002-of-00002.safetensors",
    "model.norm.weight": "model-00002-of-00002.safetensors"
  }
}
`
	if diff := cmp.Diff(golden, string(m.Index)); diff != "" || m.IndexPath != "sub/model.safetensors.index.json" {
		t.Errorf("%s (-want +got):\n%s", m.IndexPath, diff)
	}
	total := int64(len(m.Index))
	for i, o := range m.Outputs {
		want := []string{"sub/" + shardOne, "sub/" + shardTwo}[i]
		if !slices.Equal(o.Sources, []string{want}) || !strings.HasPrefix(o.Path, "sub/model-0000") {
			t.Errorf("%s is made from %v", o.Path, o.Sources)
		}
		total += int64(len(write(t, o.Plan)))
	}
	if total != m.Size() {
		t.Errorf("%d bytes, the model said %d", total, m.Size())
	}
}

// TestReshard splits and merges the sharded fixture, whose tensors have 512, 256 and 32 bytes.
func TestReshard(t *testing.T) {
	t.Parallel()
	tests := []struct {
		limit int64
		want  []string // the names in each file
	}{
		{1 << 20, []string{"model.embed_tokens.weight model.layers.0.weight model.norm.weight"}},
		{600, []string{"model.embed_tokens.weight", "model.layers.0.weight model.norm.weight"}},
		{100, []string{"model.embed_tokens.weight", "model.layers.0.weight", "model.norm.weight"}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.limit), func(t *testing.T) {
			t.Parallel()
			m, err := openSharded(t, shardedIndex, convert.Options{MaxShard: test.limit})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			index, indexErr := convert.ReadIndex(bytes.NewReader(m.Index))
			for i, o := range m.Outputs {
				file := write(t, o.Plan)
				if err := o.Plan.Check(t.Context(), bytes.NewReader(file), int64(len(file))); err != nil {
					t.Error(err)
				}
				names := headerNames(t, file)
				got = append(got, strings.Join(names, " "))
				want := fmt.Sprintf("sub/model-%05d-of-%05d.safetensors", i+1, len(m.Outputs))
				if len(m.Outputs) == 1 {
					want = "sub/model.safetensors"
				} else if index == nil || index.WeightMap[names[0]] != path.Base(want) {
					t.Errorf("the index %s, %v does not name %s in %s", m.Index, indexErr, names[0], want)
				}
				if o.Path != want {
					t.Errorf("path %s, want %s", o.Path, want)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("shards (-want +got):\n%s", diff)
			}
			if m.Outputs[0].Plan.Aliases["lm_head.weight"] != "model.embed_tokens.weight" {
				t.Errorf("aliases %v", m.Outputs[0].Plan.Aliases)
			}
			if (m.IndexPath == "") != (len(m.Outputs) == 1) {
				t.Errorf("index %q for %d files", m.IndexPath, len(m.Outputs))
			}
		})
	}
}

func headerNames(t *testing.T, file []byte) []string {
	t.Helper()
	header, err := safetensors.Parse(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tensor := range header.Tensors {
		names = append(names, tensor.Name)
	}
	return names
}

// TestSplitOne splits a single checkpoint, casts it, and gives it an index.
func TestSplitOne(t *testing.T) {
	t.Parallel()
	open := 0
	data := benchCheckpoint(5, 100)
	m, err := openOnly(t, memory{"x/pytorch_model.bin": data}, &open, convert.Options{MaxShard: 400, DType: convert.ToBF16})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range m.Outputs {
		got = append(got, o.Path+": "+strings.Join(headerNames(t, write(t, o.Plan)), " "))
	}
	want := []string{
		"x/model.bf16-00001-of-00003.safetensors: layer.0.weight layer.1.weight",
		"x/model.bf16-00002-of-00003.safetensors: layer.2.weight layer.3.weight",
		"x/model.bf16-00003-of-00003.safetensors: layer.4.weight",
	}
	if diff := cmp.Diff(want, got); diff != "" || m.IndexPath != "x/model.safetensors.index.bf16.json" {
		t.Errorf("%s, files (-want +got):\n%s", m.IndexPath, diff)
	}
	if err := m.Close(); err != nil || open != 0 {
		t.Errorf("%d files open after Close, %v", open, err)
	}
}

// TestOutputReader reads a file from many places and compares it with what is written.
func TestOutputReader(t *testing.T) {
	t.Parallel()
	transposed := tensor(storage("FloatStorage", "0", 600), 0, []int{20, 30}, []int{1, 20})
	data := torchZip(state(dict("a", transposed, "b", floats("1", 500), "c", floats("2", 0))), counting(600),
		counting(500), "")
	for _, dtype := range []string{convert.KeepType, convert.ToF16} {
		plan := inspect(t, data, convert.Options{DType: dtype})
		want := write(t, plan)
		r, err := plan.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for off := 0; off <= len(want); off += 7 {
			if _, err := r.Seek(int64(off), io.SeekStart); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, min(100, len(want)-off))
			if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want[off:off+len(got)]) {
				t.Fatalf("%s: %d bytes at %d: %v", dtype, len(got), off, err)
			}
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("%d, %v at the end", n, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCheck finds any byte of a file that is not what was written.
func TestCheck(t *testing.T) {
	t.Parallel()
	plan := inspect(t, torchZip(state(dict("a", floats("0", 3), "b", floats("1", 2))), counting(3), counting(2)),
		convert.Options{})
	size := plan.Size()
	if err := plan.Check(t.Context(), bytes.NewReader(nil), size); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("before Write: %v", err)
	}
	file := write(t, plan)
	if err := plan.Check(t.Context(), bytes.NewReader(file), size); err != nil {
		t.Error(err)
	}
	for i := range file {
		broken := bytes.Clone(file)
		broken[i] ^= 0x10
		if err := plan.Check(t.Context(), bytes.NewReader(broken), size); err == nil {
			t.Errorf("byte %d may differ", i)
		}
	}
	if err := plan.Check(t.Context(), bytes.NewReader(file[:size-1]), size); err == nil {
		t.Error("a file cut short is taken")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := plan.Check(ctx, bytes.NewReader(file), size); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"5GB": 5e9, "500MiB": 500 << 20, "1000000": 1000000, "1.5 gb": 1.5e9, "2KB": 2000, "7B": 7, " 1TiB ": 1 << 40,
	} {
		if got, err := convert.ParseSize(text); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "GB", "-1GB", "0", "0.1B", "1e30GB", "NaN", "Inf", "infGB", "0x10", "1_000", "5 apples", "1PB", "9999999TB",
	} {
		if got, err := convert.ParseSize(text); err == nil {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}
