package bot

import (
	"path/filepath"
	"testing"
)

// TestUploadDir keeps the notes of uploads where only the bot's own machine and user have them.
func TestUploadDir(t *testing.T) {
	t.Parallel()
	for database, want := range map[string]string{
		"sqlite:data/hfbot.db": "data/hfbot.db.uploads", "sqlite::memory:": "", "postgres://host/db": filepath.Join("work", "hfbot.uploads"),
	} {
		if got := uploadDir(Options{Database: database, WorkDir: "work"}); got != want {
			t.Errorf("%s: %q, want %q", database, got, want)
		}
	}
	if got := uploadDir(Options{Database: "postgres://host/db"}); got != "" {
		t.Errorf("without a work folder: %q, want none", got)
	}
}
