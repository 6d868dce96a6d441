package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	barEvery = 100 * time.Millisecond // between two lines that a bar draws
	barName  = 30                     // characters of a name in it
)

// bar shows progress in a terminal: bytes, rate and the time left. It shows nothing elsewhere.
type bar struct {
	out   io.Writer // nil: nobody looks
	total int64
	begun time.Time

	mu    sync.Mutex
	name  string
	done  int64
	drawn time.Time
	width int // of what stands in the terminal
}

func newBar(w io.Writer, total int64) *bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return &bar{}
	}
	now := time.Now()
	return &bar{out: w, total: total, begun: now, drawn: now}
}

// Write counts bytes.
func (b *bar) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done += int64(len(p))
	if now := time.Now(); b.out != nil && now.Sub(b.drawn) >= barEvery {
		b.drawn = now
		b.draw(b.line(now.Sub(b.begun)))
	}
	return len(p), nil
}

// describe names what is being written. Names come from strangers and must not steer the terminal.
func (b *bar) describe(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.name = printable(name, barName)
}

// end clears the line.
func (b *bar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.width > 0 {
		b.draw("")
		fmt.Fprint(b.out, "\r")
	}
}

// line is what the bar shows after some time. More than the total may be written, which is no reason to stop.
func (b *bar) line(took time.Duration) string {
	const mib = 1 << 20
	rate, part, left := float64(b.done)/took.Seconds(), int64(100), "0s"
	if b.done < b.total {
		part, left = b.done*100/b.total, "?"
	}
	if 0 < b.done && b.done < b.total {
		left = time.Duration(float64(b.total-b.done) / rate * float64(time.Second)).Round(time.Second).String()
	}
	return fmt.Sprintf("%s %3d %% of %.1f MiB, %.1f MiB/s, %s left", b.name, part, float64(b.total)/mib, rate/mib, left)
}

// draw puts a line in the place of the one before, with spaces over what was longer, as every terminal can.
func (b *bar) draw(line string) {
	length := len([]rune(line))
	fmt.Fprint(b.out, "\r"+line+strings.Repeat(" ", max(0, b.width-length)))
	b.width = length
}
