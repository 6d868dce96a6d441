package cmd

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows progress in a terminal: bytes, rate and the time left. It shows nothing elsewhere.
type bar struct{ shown *progressbar.ProgressBar }

func newBar(w io.Writer, total int64) *bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return &bar{}
	}
	return &bar{progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionFullWidth(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())}
}

// Write counts bytes.
func (b *bar) Write(p []byte) (int, error) {
	if b.shown != nil {
		_ = b.shown.Add(len(p)) // a bar that is over its total is no reason to stop
	}
	return len(p), nil
}

// describe names what is being written. Names come from strangers and must not steer the terminal.
func (b *bar) describe(name string) {
	if b.shown != nil {
		b.shown.Describe(printable(name, 40))
	}
}

// end clears the line.
func (b *bar) end() {
	if b.shown != nil {
		_ = b.shown.Clear()
	}
}
