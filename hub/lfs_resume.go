package hub

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// maxUnfinished is how many broken uploads a client remembers.
	maxUnfinished = 32
	// unfinishedAge is how long the addresses of a broken upload are worth a try.
	unfinishedAge = 12 * time.Hour
)

// partsUpload is the upload of one content in parts, as far as it has come.
type partsUpload struct {
	complete string // where to say that all parts are there
	chunk    int64
	parts    []partURL
	etags    map[int]string // of the parts that are stored, by number
	began    time.Time
}

// unfinished keeps uploads that broke off, so that the next commit of the same content sends the missing parts only.
type unfinished struct {
	dir string // where they are kept for the next process too; empty: nowhere

	mu      sync.Mutex
	uploads map[string]*partsUpload // by repository and content
}

// WithUploadFolder returns a client on the same budget that keeps uploads in parts in a folder, made if missing, while they
// are under way: after a crash the commit of the same content to the same repository, by a client with the same folder,
// sends the missing parts only. The files hold addresses of the store, which are permissions to write there, so only the
// owner can read them; who gives an upload up removes them. One folder is for the clients of one endpoint and token.
func (c *Client) WithUploadFolder(dir string) *Client {
	keeper := *c
	keeper.unfinished = newUnfinished(dir)
	return &keeper
}

func newUnfinished(dir string) *unfinished {
	return &unfinished{dir: dir, uploads: map[string]*partsUpload{}}
}

// take hands an upload over to the caller; nil when there is none that is worth a try.
func (u *unfinished) take(key string) *partsUpload {
	u.mu.Lock()
	defer u.mu.Unlock()
	upload := u.uploads[key]
	delete(u.uploads, key)
	if upload == nil {
		upload = u.read(key)
	}
	if upload == nil || time.Since(upload.began) > unfinishedAge {
		return nil
	}
	return upload
}

// keep remembers an upload that broke off; the oldest is forgotten for it when there are too many.
func (u *unfinished) keep(key string, upload *partsUpload) {
	if len(upload.etags) == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.uploads[key] = upload
	if len(u.uploads) <= maxUnfinished {
		return
	}
	oldest := key
	for other, candidate := range u.uploads {
		if candidate.began.Before(u.uploads[oldest].began) {
			oldest = other
		}
	}
	delete(u.uploads, oldest)
}

// partsRecord is an upload on disk.
type partsRecord struct {
	Complete string         `json:"complete"`
	Chunk    int64          `json:"chunk"`
	Parts    map[int]string `json:"parts"`
	ETags    map[int]string `json:"etags"`
	Began    time.Time      `json:"began"`
}

// file is where an upload is kept.
func (u *unfinished) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(u.dir, hex.EncodeToString(sum[:])+".json")
}

// save writes an upload as far as it has come. That it cannot be written is no reason to end the upload: what is lost is
// that the next process begins anew.
func (u *unfinished) save(key string, upload *partsUpload) {
	if u.dir == "" {
		return
	}
	record := partsRecord{upload.complete, upload.chunk, map[int]string{}, upload.etags, upload.began}
	for _, part := range upload.parts {
		record.Parts[part.number] = part.url
	}
	text, err := json.Marshal(record)
	if err != nil || os.MkdirAll(u.dir, 0o700) != nil {
		return
	}
	part, err := os.CreateTemp(u.dir, "part-*") // only the owner may read it
	if err != nil {
		return
	}
	_, err = part.Write(text)
	if errors.Join(err, part.Close()) == nil {
		err = os.Rename(part.Name(), u.file(key))
	}
	if err != nil {
		_ = os.Remove(part.Name())
	}
}

// read takes up what an earlier process left; nil for nothing that can be used.
func (u *unfinished) read(key string) *partsUpload {
	if u.dir == "" {
		return nil
	}
	text, err := os.ReadFile(u.file(key))
	if err != nil {
		return nil
	}
	var record partsRecord
	if json.Unmarshal(text, &record) != nil || record.Chunk <= 0 || record.Complete == "" {
		return nil
	}
	upload := &partsUpload{complete: record.Complete, chunk: record.Chunk, etags: record.ETags, began: record.Began}
	if upload.etags == nil {
		upload.etags = map[int]string{}
	}
	for _, number := range slices.Sorted(maps.Keys(record.Parts)) {
		upload.parts = append(upload.parts, partURL{number, record.Parts[number]})
	}
	return upload
}

// forget drops an upload that is complete.
func (u *unfinished) forget(key string) {
	if u.dir != "" {
		_ = os.Remove(u.file(key)) // one that stays is too old soon
	}
}

// isStale tells whether the store no longer knows an upload: its addresses have run out, or it was cleaned away.
func isStale(err error) bool {
	var answer *Error
	return errors.As(err, &answer) && answer.StatusCode < http.StatusInternalServerError && !answer.Temporary()
}
