package builtin

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
)

// report is what a step said of its progress.
type report struct {
	Done, Total int64
	Note        string
}

// TestMeter counts a conversion and an upload whose parts are read twice, and tells the rate and the time left.
func TestMeter(t *testing.T) {
	t.Parallel()
	var said []report
	rt := &actions.Runtime{Progress: func(done, total int64, note string) { said = append(said, report{done, total, note}) }}
	m := &meter{rt: rt, total: 400e6, note: "converting model.safetensors"}
	count := func(add func()) { // as if half a second had passed since the last report
		m.last = time.Time{}
		add()
	}
	count(func() { _, _ = m.Write(make([]byte, 1000)) })
	m.add(1000) // too soon to be said
	m.began = m.began.Add(-10 * time.Second)
	count(func() { m.add(100e6 - 2000) })
	m.note = "uploading model.safetensors"
	up := m.upload()
	r := up.reader(io.NopCloser(strings.NewReader(strings.Repeat("x", 100))))
	count(func() { _, _ = io.Copy(io.Discard, r) })
	again := up.reader(io.NopCloser(strings.NewReader(strings.Repeat("x", 100))))
	count(func() { _, _ = io.Copy(io.Discard, again) })
	up.finish(100e6) // the rest was there already and says nothing of the rate
	count(func() { m.add(0) })
	for i := range said {
		said[i].Note, _, _ = strings.Cut(said[i].Note, " MB/s") // the time left goes by the clock
	}
	want := []report{
		{1000, 400e6, "converting model.safetensors"},
		{100e6, 400e6, "converting model.safetensors: 10"},
		{100e6 + 100, 400e6, "uploading model.safetensors: 10"},
		{200e6, 400e6, "uploading model.safetensors: 10"},
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	if got := m.text(m.began.Add(10 * time.Second)); got != "uploading model.safetensors: 10 MB/s, 20s left" {
		t.Error(got)
	}
}
