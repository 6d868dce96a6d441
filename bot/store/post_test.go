package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/bot/store"
)

// A statement that nobody waits for takes the whole transaction along when it fails, whatever comes after it, and says why.
func testPost(t *testing.T, db database) {
	s := db.open(t)
	const insert = `INSERT INTO optouts (rule, repo_id, by_whom, at) VALUES (?, ?, '', 0)`
	for name, then := range map[string]func(tx *store.Tx) error{
		"nothing":       func(*store.Tx) error { return nil },
		"a query":       func(tx *store.Tx) error { _, err := tx.OptedOut("x", "r1"); return err },
		"one forgiven":  func(tx *store.Tx) error { _, _ = tx.OptedOut("x", "r1"); return nil },
		"a write":       func(tx *store.Tx) error { return tx.OptOut("y", "r1", "alice") },
		"another error": func(*store.Tx) error { return errors.New("its own") },
	} {
		before := newID()
		err := s.InTx(t.Context(), func(tx *store.Tx) error {
			for _, rule := range []string{before, "twice", "twice"} {
				if err := store.Post(tx, insert, rule, "r1"); err != nil {
					return err
				}
			}
			return then(tx)
		})
		if err == nil || name != "another error" && !strings.Contains(strings.ToLower(err.Error()), "unique") {
			t.Errorf("followed by %s: %v; want that the key is not unique", name, err)
		}
		inTx(t, s, func(tx *store.Tx) error {
			if out, err := tx.OptedOut(before, "r1"); out || err != nil {
				t.Errorf("followed by %s: the statement before is written: %t, %v", name, out, err)
			}
			return nil
		})
	}
	inTx(t, s, func(tx *store.Tx) error { return store.Post(tx, insert, "good", "r1") })
	inTx(t, s, func(tx *store.Tx) error {
		if err := store.Post(tx, insert, "seen", "r1"); err != nil {
			return err
		}
		for _, rule := range []string{"good", "seen"} { // the second in its own transaction
			if out, err := tx.OptedOut(rule, "r1"); !out || err != nil {
				t.Errorf("%s is not written: %v", rule, err)
			}
		}
		return nil
	})
}
