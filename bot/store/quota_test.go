package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store"
)

// A quota holds over transactions that run at once, counts a key once, and is free again when its time has passed.
func testQuota(t *testing.T, db database) {
	s := db.open(t)
	take := func(name, key string, per time.Duration) (ok bool) {
		t.Helper()
		inTx(t, s, func(tx *store.Tx) (err error) {
			ok, err = tx.TakeQuota(name, key, 3, per)
			return err
		})
		return ok
	}
	var group sync.WaitGroup
	var given atomic.Int32
	for i := range 8 {
		group.Go(func() {
			if take("alice", fmt.Sprint(i), time.Hour) {
				given.Add(1)
			}
		})
	}
	group.Wait()
	if given.Load() != 3 {
		t.Errorf("%d of 8 at once were given, want 3", given.Load())
	}
	again := 0
	for i := range 8 {
		if take("alice", fmt.Sprint(i), time.Hour) {
			again++
		}
	}
	if again != 3 {
		t.Errorf("%d of those had it before, want the 3", again)
	}
	if !take("bob", "0", time.Hour) {
		t.Error("another user has none")
	}
	for i := range 3 {
		take("carol", fmt.Sprint(i), time.Nanosecond)
	}
	if !take("carol", "later", time.Hour) {
		t.Error("what was taken long ago still counts")
	}
}
