package cmd

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestBar(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	b := &bar{out: &out, total: 400 << 20, begun: time.Now()}
	b.describe("model\x1b[2J.safetensors")
	if got := b.line(time.Second); !strings.HasSuffix(got, "   0 % of 400.0 MiB, 0.0 MiB/s, ? left") {
		t.Errorf("before the first byte it shows %q", got)
	}
	b.done = 100 << 20
	want := "model\uFFFD[2J.safetensors  25 % of 400.0 MiB, 10.0 MiB/s, 30s left"
	if got := b.line(10 * time.Second); got != want {
		t.Errorf("it shows %q, want %q", got, want)
	}
	b.done = 500 << 20
	if got := b.line(10 * time.Second); !strings.Contains(got, " 100 % of 400.0 MiB, 50.0 MiB/s, 0s left") {
		t.Errorf("beyond the total it shows %q", got)
	}
	if n, err := b.Write([]byte("first")); n != 5 || err != nil || !strings.HasPrefix(out.String(), "\rmodel") {
		t.Errorf("wrote %d, %v: %q", n, err, out.String())
	}
	drawn := out.Len()
	if _, _ = b.Write([]byte("at once")); out.Len() != drawn {
		t.Errorf("it is drawn for each write: %q", out.String())
	}
	width := drawn - 1 - len("\uFFFD") + 1
	b.end()
	if got := out.String()[drawn:]; got != "\r"+strings.Repeat(" ", width)+"\r" {
		t.Errorf("in the end %q", got)
	}
}

func TestNoBarWithoutATerminal(t *testing.T) {
	t.Parallel()
	b := newBar(io.Discard, 1)
	b.describe("a")
	if n, err := b.Write([]byte("more than there is")); n != 18 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	b.end()
}
