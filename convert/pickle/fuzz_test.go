package pickle_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/convert/pickle"
)

// allocated is how many bytes this process has ever asked for.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// plainHost takes everything and makes nothing of its own, so that all memory is the machine's.
type plainHost struct{}

func (plainHost) Global(module, name string) (pickle.Value, error) {
	return pickle.Global{Module: module, Name: name}, nil
}

func (plainHost) Call(_ pickle.Value, args []pickle.Value) (pickle.Value, error) {
	return &pickle.List{Items: args}, nil
}
func (plainHost) Build(pickle.Value, pickle.Value) error           { return nil }
func (plainHost) Persistent(id pickle.Value) (pickle.Value, error) { return id, nil }

// FuzzMachine looks for programs that crash the machine or break its promises.
func FuzzMachine(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pkl")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("cos\nsystem\n(S'id'\ntR.")
	f.Fuzz(func(t *testing.T, program string) {
		before := allocated()
		res, err := pickle.Run(t.Context(), strings.NewReader(program), plainHost{}, pickle.Limits{Memory: 1 << 20, Stack: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		if n := allocated() - before; n > 4<<20+512*uint64(len(program)) {
			t.Errorf("%d bytes cost %d of memory", len(program), n)
		}
		if res.Length > int64(len(program)) {
			t.Errorf("read %d bytes of %d", res.Length, len(program))
		}
		if !res.Stopped && res.Malformed == nil {
			t.Error("no STOP and yet not malformed")
		}
		pickle.Cyclic(res.Value)
	})
}
