package bot

import (
	"path/filepath"
	"testing"
)

// TestUploadDir keeps the notes of uploads where only the bot's own machine and user have them.
func TestUploadDir(t *testing.T) {
	t.Parallel()
	for database, want := range map[string]string{
		"sqlite:data/hfbot.db": "data/hfbot.db.uploads", "sqlite::memory:": "",
	} {
		if got := uploadDir(Options{Database: database, WorkDir: "work"}); got != want {
			t.Errorf("%s: %q, want %q", database, got, want)
		}
	}
	if got := uploadDir(Options{Database: "postgres://host/db"}); got != "" {
		t.Errorf("without a work folder: %q, want none", got)
	}
}

// TestUploadDirOfEachDatabase gives two databases two folders under one work folder, and all bots of a database the same.
func TestUploadDirOfEachDatabase(t *testing.T) {
	t.Parallel()
	dir := func(database string) string { return uploadDir(Options{Database: database, WorkDir: "work"}) }
	prod := dir("postgres://bot:old@host/prod")
	if ok, err := filepath.Match(filepath.Join("work", "hfbot-????????.uploads"), prod); err != nil || !ok {
		t.Errorf("folder %q", prod)
	}
	if again := dir("postgresql://bot2:new@host:5432/prod?pool_max_conns=9"); again != prod {
		t.Errorf("with another password %q, want %q", again, prod)
	}
	for _, other := range []string{
		"postgres://bot:old@host/staging", "postgres://bot:old@host2/prod", "postgres://bot:old@host:5433/prod",
		"postgres://bot:old@host/prod?search_path=staging",
	} {
		if dir(other) == prod {
			t.Errorf("%s has the folder of another database", other)
		}
	}
}
