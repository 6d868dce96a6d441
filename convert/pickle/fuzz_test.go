package pickle_test

import (
	"os"
	"path/filepath"
	"runtime/metrics"
	"testing"

	"github.com/hfbot/hfbot/convert/pickle"
)

// FuzzRun looks for programs that crash the machine or break its promises.
func FuzzRun(f *testing.F) {
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
		sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(sample)
		before := sample[0].Value.Uint64()
		res, _ := run(t, program, pickle.Limits{Memory: 1 << 20, Stack: 10_000})
		metrics.Read(sample)
		if n := sample[0].Value.Uint64() - before; n > 16<<20+uint64(len(program))<<12 {
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
