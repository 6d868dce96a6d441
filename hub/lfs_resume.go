package hub

import (
	"errors"
	"net/http"
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
// It is in memory: after a restart a large content is sent from the start.
type unfinished struct {
	mu      sync.Mutex
	uploads map[string]*partsUpload // by repository and content
}

func newUnfinished() *unfinished { return &unfinished{uploads: map[string]*partsUpload{}} }

// take hands an upload over to the caller; nil when there is none that is worth a try.
func (u *unfinished) take(key string) *partsUpload {
	u.mu.Lock()
	defer u.mu.Unlock()
	upload := u.uploads[key]
	delete(u.uploads, key)
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

// isStale tells whether the store no longer knows an upload: its addresses have run out, or it was cleaned away.
func isStale(err error) bool {
	var answer *Error
	return errors.As(err, &answer) && answer.StatusCode < http.StatusInternalServerError && !answer.Temporary()
}
