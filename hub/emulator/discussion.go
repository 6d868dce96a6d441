package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/labstack/echo/v4"
)

// States of a discussion or pull request.
const (
	statusDraft  = "draft"
	statusOpen   = "open"
	statusClosed = "closed"
	statusMerged = "merged"
)

// talk holds the discussions and pull requests of one repository; they share one row of numbers. The zero value is
// ready to use. Its lock is never held while the repository or the outbox is called.
type talk struct {
	mu   sync.Mutex
	last int // highest number given out
	all  []*discussion

	changed map[int]bool // numbers, since they were saved
}

// change notes that a discussion is or may be changed; the lock must be held.
func (t *talk) change(num int) {
	if t.changed == nil {
		t.changed = map[int]bool{}
	}
	t.changed[num] = true
}

// discussion is a discussion or, when pull is set, a pull request. It is guarded by its talk's lock.
type discussion struct {
	id      string
	num     int
	title   string
	author  *account
	created time.Time
	status  string
	pinned  bool
	events  []*discussionEvent // the first is the comment with the description
	pull    *pullRequest
}

// discussionEvent is one entry of a discussion's time line. A comment has comment set, every other kind data.
type discussionEvent struct {
	id      string
	kind    string
	author  *account
	created time.Time
	comment *comment
	data    map[string]any
}

// deny makes the answer to a request that makes no sense or is not allowed.
func deny(status int, format string, args ...any) error {
	return echo.NewHTTPError(status, fmt.Sprintf(format, args...))
}

// allot gives out the next number.
func (t *talk) allot() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	return t.last
}

// add keeps a new discussion with its description as first comment, and commits when it is a pull request.
func (t *talk) add(d *discussion, links discussionLinks, description string, commits []*object.Commit) discussionNews {
	t.mu.Lock()
	defer t.mu.Unlock()
	d.id, d.created = newID(), time.Now()
	first := d.addComment(d.author, description)
	d.addCommits(d.author, commits)
	t.all = append(t.all, d)
	t.change(d.num)
	return d.news(links, first)
}

// with runs do on the discussion of that number, under the lock. It refuses with 404 when there is none.
func (t *talk) with(num int, do func(d *discussion) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range t.all {
		if d.num == num {
			t.change(num)
			return do(d)
		}
	}
	return deny(http.StatusNotFound, "Discussion %d does not exist", num)
}

// remove forgets a discussion; its number is not used again. It tells what was removed.
func (t *talk) remove(num int, links discussionLinks) (told discussionNews, err error) {
	err = t.with(num, func(gone *discussion) error {
		if gone.pull != nil && gone.pull.merging {
			return deny(http.StatusConflict, "This pull request is being merged")
		}
		told = gone.news(links, nil)
		t.all = slices.DeleteFunc(t.all, func(d *discussion) bool { return d == gone })
		return nil
	})
	return told, err
}

// addEvent appends an entry to the time line.
func (d *discussion) addEvent(author *account, kind string, data map[string]any) *discussionEvent {
	event := &discussionEvent{id: newID(), kind: kind, author: author, created: time.Now(), data: data}
	d.events = append(d.events, event)
	return event
}

// setStatus opens or closes. Opening a draft publishes it.
func (d *discussion) setStatus(author *account, status string) (*discussionEvent, error) {
	switch {
	case status != statusOpen && status != statusClosed:
		return nil, deny(http.StatusBadRequest, `The status must be "open" or "closed"`)
	case d.status == statusMerged:
		return nil, deny(http.StatusBadRequest, "This pull request is merged: its status cannot change any more")
	case d.status == status:
		return nil, deny(http.StatusBadRequest, "The status is already %q", status)
	case d.pull != nil && d.pull.merging:
		return nil, deny(http.StatusConflict, "This pull request is being merged")
	}
	d.status = status
	return d.addEvent(author, "status-change", map[string]any{"status": status}), nil
}

// setTitle renames.
func (d *discussion) setTitle(author *account, title string) *discussionEvent {
	from := d.title
	d.title = title
	return d.addEvent(author, "title-change", map[string]any{"from": from, "to": title})
}

// setPinned pins to the top of the list, or takes it from there.
func (d *discussion) setPinned(author *account, pinned bool) {
	d.pinned = pinned
	d.addEvent(author, "pinning-change", map[string]any{"pinned": pinned})
}
