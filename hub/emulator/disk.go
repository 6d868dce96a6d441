package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// disk keeps a local Hub in a folder: everything in one database file, and the content of LFS files beside it. What is
// answered with success is on disk before the answer goes out, so that it survives the death of the process.
type disk struct {
	dir string
	db  *bbolt.DB

	mu     sync.Mutex // one save at a time: who waits for it finds its changes saved by the one before
	failed error      // why nothing can be saved any more
}

// The buckets of the database. Keys of what belongs to a repository or webhook begin with its id.
var (
	bucketState       = []byte("state")
	bucketRepos       = []byte("repos")
	bucketObjects     = []byte("objects")     // repository id and git hash
	bucketDiscussions = []byte("discussions") // repository id and number
	bucketWebhooks    = []byte("webhooks")
	bucketLogs        = []byte("logs") // webhook id and log id
	bucketDeliveries  = []byte("deliveries")
	bucketJobs        = []byte("jobs")
	bucketScheduled   = []byte("scheduled jobs")
	bucketCollections = []byte("collections")
	bucketTokens      = []byte("tokens") // that OAuth apps got, by the hash
	bucketGrants      = []byte("grants") // codes and refresh tokens, by the hash
	bucketApps        = []byte("apps")   // that registered themselves

	buckets = [][]byte{
		bucketState, bucketRepos, bucketObjects, bucketDiscussions, bucketWebhooks, bucketLogs, bucketDeliveries,
		bucketJobs, bucketScheduled, bucketCollections, bucketTokens, bucketGrants, bucketApps,
	}
)

// openDisk opens or makes the folder. It belongs to one process at a time.
func openDisk(dir string) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the data folder: %w", err)
	}
	path := filepath.Join(dir, "hub.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("the data folder %s is in use by another process", dir)
	} else if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	d := &disk{dir: dir, db: db}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// close gives the folder back; nothing to do without one.
func (d *disk) close() error {
	if d == nil {
		return nil
	}
	return d.db.Close()
}

// lfsDir is where the LFS files of a repository are.
func (d *disk) lfsDir(repoID string) string { return filepath.Join(d.dir, "lfs", repoID) }

// putRecord writes a record as JSON.
func putRecord(tx *bbolt.Tx, bucket []byte, key string, record any) error {
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put([]byte(key), text)
}

// eachRecord reads the records of a bucket whose keys begin with prefix, in the order of keys.
func eachRecord[T any](tx *bbolt.Tx, bucket []byte, prefix string, use func(key string, record T) error) error {
	cursor := tx.Bucket(bucket).Cursor()
	for key, text := cursor.Seek([]byte(prefix)); key != nil && hasPrefix(key, prefix); key, text = cursor.Next() {
		var record T
		if err := json.Unmarshal(text, &record); err != nil {
			return fmt.Errorf("%s %s: %w", bucket, key, err)
		}
		if err := use(string(key), record); err != nil {
			return err
		}
	}
	return nil
}

func hasPrefix(key []byte, prefix string) bool {
	return len(key) >= len(prefix) && string(key[:len(prefix)]) == prefix
}

// dropPrefix deletes all keys of a bucket that begin with prefix.
func dropPrefix(tx *bbolt.Tx, bucket []byte, prefix string) error {
	cursor := tx.Bucket(bucket).Cursor()
	for key, _ := cursor.Seek([]byte(prefix)); key != nil && hasPrefix(key, prefix); key, _ = cursor.Seek([]byte(prefix)) {
		if err := cursor.Delete(); err != nil {
			return err
		}
	}
	return nil
}
