package convert_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hfbot/hfbot/convert"
)

// mutations is how many places of each fixture are changed.
const mutations = 20

// TestMutations damages every fixture in many places and ways: cut there, a bit turned, a byte or a number as large or as
// negative as it can be, a byte added or taken away. Whatever comes of it has a verdict, and what is accepted is written
// as planned and passes its check, or turns out to be malformed when its bytes are read.
func TestMutations(t *testing.T) {
	t.Parallel()
	ways := map[string]func(data []byte, at int) []byte{
		"cut":     func(data []byte, at int) []byte { return data[:at] },
		"bit":     func(data []byte, at int) []byte { data[at] ^= 1 << (at % 8); return data },
		"largest": func(data []byte, at int) []byte { data[at] = 0xff; return data },
		"zero":    func(data []byte, at int) []byte { data[at] = 0; return data },
		"number": func(data []byte, at int) []byte {
			copy(data[at:], "\xff\xff\xff\xff")
			return data
		},
		"negative": func(data []byte, at int) []byte {
			copy(data[at:], binary.LittleEndian.AppendUint64(nil, 1<<63))
			return data
		},
		"added": func(data []byte, at int) []byte { return append(data[:at], append([]byte{'0'}, data[at:]...)...) },
		"taken": func(data []byte, at int) []byte { return append(data[:at], data[at+1:]...) },
	}
	for name, want := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join("testdata/torch", name))
			if err != nil {
				t.Fatal(err)
			}
			step := max(1, len(data)/mutations)
			for way, change := range ways {
				for at := len(way) % step; at < len(data); at += step {
					checkMutation(t, change(bytes.Clone(data), at), want)
				}
			}
		})
	}
}

// checkMutation inspects and converts one damaged file.
func checkMutation(t *testing.T, data []byte, was fixture) {
	t.Helper()
	plan := inspect(t, data, convert.Options{})
	if plan.Verdict != convert.OK {
		if plan.Reason == "" || plan.Tensors != nil {
			t.Errorf("%s, reason %q, %d tensors", plan.Verdict, plan.Reason, len(plan.Tensors))
		}
		return
	}
	if !was.OK && was.Kind == string(convert.Dangerous) && len(plan.Globals) > 0 {
		for _, g := range plan.Globals {
			if g == "os.system" || g == "posix.system" || g == "builtins.eval" {
				t.Errorf("it is converted with %s", g)
			}
		}
	}
	var out bytes.Buffer
	var refusal *convert.Refusal
	switch err := plan.Write(t.Context(), &out); {
	case errors.As(err, &refusal):
	case err != nil:
		t.Error(err)
	default:
		if err := plan.Verify(t.Context(), bytes.NewReader(out.Bytes()), int64(out.Len())); err != nil {
			t.Error(err)
		}
	}
}
