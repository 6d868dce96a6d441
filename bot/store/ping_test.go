package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hfbot/hfbot/bot/store"
)

// A database that answers but has no deliveries any more is as good as none.
func testPing(t *testing.T, db database) {
	s := db.open(t)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB().Exec(`ALTER TABLE deliveries RENAME TO gone`); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("without its tables the database is said to answer")
	}
}

// TestFileIsGone removes the file of an open database, and puts another one into its place: what would be written to the one
// that is open is lost when the bot ends, so no delivery is accepted.
func TestFileIsGone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bot.db")
	s := openAt(t, path)
	kept := accept(t, s)
	refuses := func() {
		t.Helper()
		_, _, err := s.Accept(t.Context(), store.Delivery{WebhookID: "hook", Key: "hook", Body: []byte(`{}`)})
		if !errors.Is(err, store.ErrGone) || !errors.Is(s.Ping(t.Context()), store.ErrGone) {
			t.Errorf("a delivery is accepted: %v", err)
		}
	}
	away := path + ".away"
	if err := os.Rename(path, away); err != nil {
		t.Fatal(err)
	}
	refuses()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refuses()
	if err := os.Rename(away, path); err != nil {
		t.Fatal(err)
	}
	accept(t, s)
	if _, err := s.Delivery(t.Context(), kept); err != nil {
		t.Error(err)
	}
}
