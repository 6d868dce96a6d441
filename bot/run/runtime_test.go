package run

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestFilesIn(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	dir := filepath.Join(outside, "rules")
	for path, content := range map[string]string{
		"rules/templates/welcome.md": "hello", "secret": "no", "rules/large": strings.Repeat("x", largestFile+1),
	} {
		full := filepath.Join(outside, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	read := filesIn(dir)
	if content, err := read("templates/welcome.md"); err != nil || string(content) != "hello" {
		t.Errorf("a file beside the rules: %q, %v", content, err)
	}
	for _, path := range []string{"../secret", "link", "large", "none", filepath.Join(outside, "secret"), ""} {
		if content, err := read(path); err == nil {
			t.Errorf("%q could be read: %.10q", path, content)
		}
	}
	if _, err := filesIn("")("templates/welcome.md"); err == nil {
		t.Error("a file was read without a folder of rules")
	}
}

func TestStepKey(t *testing.T) {
	t.Parallel()
	keys := map[string]bool{}
	for _, parts := range [][2]string{{"a", "b"}, {"a", "c"}, {"ab", ""}, {"", "ab"}} {
		if again := stepKey(parts[0], parts[1]); again != stepKey(parts[0], parts[1]) {
			t.Errorf("the key of %q is not stable", parts)
		}
		keys[stepKey(parts[0], parts[1])] = true
	}
	if len(keys) != 4 {
		t.Errorf("%d keys for four steps", len(keys))
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	if got := shorten("short"); got != "short" {
		t.Errorf("got %q", got)
	}
	if got := shorten("x" + strings.Repeat("é", longestError)); len(got) > longestError+8 || !utf8.ValidString(got) {
		t.Errorf("%d bytes, valid %t", len(got), utf8.ValidString(got))
	}
}

func TestRiverLog(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.DebugLevel)
	log := slog.New(riverLog{zap.New(core)}).With("client", "c1")
	log.Info("chatter")
	log.Warn("slow", "ms", 7)
	log.Error("broken", slog.Any("err", os.ErrClosed))
	lines := logs.All()
	if len(lines) != 2 {
		t.Fatalf("%d lines, want warnings and errors only", len(lines))
	}
	fields := lines[0].ContextMap()
	if lines[0].Level != zapcore.WarnLevel || fields["ms"] != int64(7) || fields["client"] != "c1" {
		t.Errorf("warning: %+v", lines[0])
	}
	if lines[1].Level != zapcore.ErrorLevel || lines[1].ContextMap()["err"] != os.ErrClosed.Error() {
		t.Errorf("error: %+v", lines[1])
	}
}
