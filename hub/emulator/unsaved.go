package emulator

import (
	"sync"

	"go.etcd.io/bbolt"
)

// unsaved are the records that are not on disk yet, but for repositories and webhooks, which know their own. The zero
// value, of a Hub in memory, keeps nothing.
type unsaved struct {
	on bool // there is a disk

	mu      sync.Mutex
	records map[recordKey]func() any
}

type recordKey struct{ bucket, key string }

// put notes that a record has changed. What it is like is asked when it is written; nil means that it is gone.
func (u *unsaved) put(bucket []byte, key string, record func() any) {
	if !u.on {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.records == nil {
		u.records = map[recordKey]func() any{}
	}
	u.records[recordKey{string(bucket), key}] = record
}

// gone is the record of what was deleted.
func gone() any { return nil }

// changes takes what is to be written.
func (u *unsaved) changes() (writes []write) {
	u.mu.Lock()
	records := u.records
	u.records = nil
	u.mu.Unlock()
	for at, record := range records {
		value := record()
		writes = append(writes, func(tx *bbolt.Tx) error {
			if value == nil {
				return tx.Bucket([]byte(at.bucket)).Delete([]byte(at.key))
			}
			return putRecord(tx, []byte(at.bucket), at.key, value)
		})
	}
	return writes
}
