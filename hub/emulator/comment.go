package emulator

import (
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// Bounds of texts, in characters (https://huggingface.co/.well-known/openapi.json).
const (
	minTitle   = 3
	maxTitle   = 200
	maxComment = 65536
)

// comment is what a comment says now and how it came to that.
type comment struct {
	text     string
	updated  time.Time
	edits    int
	editors  []string
	hiddenBy string // user name; empty: visible
	before   []commentVersion
}

// commentVersion is what a comment said before an edit.
type commentVersion struct {
	Text    string    `json:"text"`
	Updated time.Time `json:"updated"`
}

const maxVersions = 50 // kept of one comment; the oldest make place

// checkTitle refuses titles that are too short or too long.
func checkTitle(title string) error {
	if n := utf8.RuneCountInString(title); n < minTitle || n > maxTitle {
		return deny(http.StatusBadRequest, `"title" must have %d to %d characters, not %d`, minTitle, maxTitle, n)
	}
	return nil
}

// checkComment refuses texts that are empty or too long.
func checkComment(field, text string) error {
	if text == "" {
		return deny(http.StatusBadRequest, "%q must not be empty", field)
	}
	return checkLength(field, text)
}

// checkLength refuses texts that are too long.
func checkLength(field, text string) error {
	if n := utf8.RuneCountInString(text); n > maxComment {
		return deny(http.StatusBadRequest, "%q must have at most %d characters, not %d", field, maxComment, n)
	}
	return nil
}

// addComment appends a comment to the time line.
func (d *discussion) addComment(author *account, text string) *discussionEvent {
	event := d.addEvent(author, "comment", nil)
	event.comment = &comment{text: text, updated: event.created, editors: []string{author.name}}
	return event
}

// findComment returns the comment with the id.
func (d *discussion) findComment(id string) (*discussionEvent, error) {
	for _, event := range d.events {
		if event.id == id && event.comment != nil {
			return event, nil
		}
	}
	return nil, deny(http.StatusNotFound, "Comment %q does not exist in discussion %d", id, d.num)
}

// edit replaces the text. Only who wrote a comment may edit it, and a hidden one stays as it is.
func (e *discussionEvent) edit(editor *account, text string) error {
	switch {
	case e.author != editor:
		return deny(http.StatusForbidden, "Only its author can edit a comment")
	case e.comment.hiddenBy != "":
		return deny(http.StatusBadRequest, "A hidden comment cannot be edited")
	}
	e.comment.before = append(e.comment.before, commentVersion{e.comment.text, e.comment.updated})
	e.comment.before = e.comment.before[max(0, len(e.comment.before)-maxVersions):]
	e.comment.text = text
	e.comment.updated = time.Now()
	e.comment.edits++
	if !slices.Contains(e.comment.editors, editor.name) {
		e.comment.editors = append(e.comment.editors, editor.name)
	}
	return nil
}

// hide takes the text out of sight for good. Its author may do that, and who can write to the repository.
func (e *discussionEvent) hide(by *account, canWrite bool) error {
	if e.author != by && !canWrite {
		return deny(http.StatusForbidden, "Only its author or an owner of the repository can hide a comment")
	}
	e.comment.hiddenBy = by.name
	return nil
}
