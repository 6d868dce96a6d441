package builtin

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// maxComment is the greatest length of a comment, in UTF-16 units
// (https://huggingface.co/spaces/huggingface/openapi).
const maxComment = 65536

// Limits of a title in characters, from the same place.
const (
	minTitle = 3
	maxTitle = 200
)

// thread is the discussion or pull request that an action works on.
type thread struct {
	Discussion int `json:"discussion" doc:"number of the discussion or pull request; the event's by default"`
	actions.Target
}

// resolve names the thread.
func (in thread) resolve(rt *actions.Runtime) (hub.RepoRef, int, error) {
	repo, err := in.Resolve(rt)
	switch {
	case err != nil:
		return repo, 0, err
	case in.Discussion < 0:
		return repo, 0, actions.Permanentf("discussion must be a positive number, got %d", in.Discussion)
	case in.Discussion > 0:
		return repo, in.Discussion, nil
	case rt.IsEvent(repo) && rt.Event.Discussion != nil:
		return repo, rt.Event.Discussion.Num, nil
	case rt.IsEvent(repo):
		if num, err := strconv.Atoi(strings.TrimPrefix(rt.Ref, "refs/pr/")); err == nil && num > 0 {
			return repo, num, nil // a push to a pull request
		}
	}
	return repo, 0, actions.Permanentf("the event has no discussion of %s: give discussion", repo)
}

// read resolves the thread and reads it.
func (in thread) read(ctx context.Context, rt *actions.Runtime) (hub.RepoRef, *hub.Discussion, error) {
	repo, num, err := in.resolve(rt)
	if err != nil {
		return repo, nil, err
	}
	d, err := rt.Hub.Discussion(ctx, repo, num)
	if err != nil {
		return repo, nil, fmt.Errorf("read discussion %d of %s: %w", num, repo, err)
	}
	return repo, d, nil
}

// threadURL is the page of a discussion or pull request.
func threadURL(rt *actions.Runtime, repo hub.RepoRef, num int) string {
	return rt.Hub.RepoURL(repo) + "/discussions/" + strconv.Itoa(num)
}

// prose is text that an action writes on the Hub.
type prose struct {
	Body     string `json:"body" oneof:"text" doc:"the text, in Markdown"`
	BodyFile string `json:"body_file" oneof:"text" doc:"file beside the rules with the text, taken as it is"`
}

// text is the whole text with a hidden marker as its last line. What names it in errors.
func (in prose) text(rt *actions.Runtime, what, marker string) (string, error) {
	body := in.Body
	if in.BodyFile != "" {
		content, err := fileBeside(rt, in.BodyFile)
		if err != nil {
			return "", actions.Permanentf("read body_file: %w", err)
		}
		body = string(content)
	}
	return marked(body, what, marker)
}

// fileBeside reads a file beside the rules.
func fileBeside(rt *actions.Runtime, path string) ([]byte, error) {
	if rt.Files == nil {
		return nil, errors.New("there are no files beside the rules here")
	}
	return rt.Files(path)
}

// marked is text with a marker as its last line.
func marked(body, what, marker string) (string, error) {
	body = strings.TrimSpace(strings.ToValidUTF8(body, "\uFFFD"))
	if body == "" {
		return "", actions.Permanentf("the %s is empty", what)
	}
	text := body + "\n\n" + marker
	if n := len(utf16.Encode([]rune(text))); n > maxComment {
		return "", actions.Permanentf("the %s is %d characters long with its marker; the Hub takes %d", what, n, maxComment)
	}
	return text, nil
}

// cleanTitle makes one line of a title, which may hold strangers' words, and cuts it to what the Hub takes.
func cleanTitle(title string) (string, error) {
	title = strings.ToValidUTF8(title, "\uFFFD")
	title = strings.Join(strings.FieldsFunc(title, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	runes := []rune(title)
	if len(runes) < minTitle {
		return "", actions.Permanentf("the title %q is too short: the Hub wants %d to %d characters", title, minTitle, maxTitle)
	}
	if len(runes) > maxTitle {
		return string(runes[:maxTitle-1]) + "…", nil
	}
	return title, nil
}

// findComment finds the newest comment of the account that ends with marker.
func findComment(events []hub.DiscussionEvent, me account, marker string) *hub.DiscussionEvent {
	for i := len(events) - 1; i >= 0; i-- {
		if e := &events[i]; e.Type == "comment" && me.wrote(*e) && endsWith(e.Content, marker) {
			return e
		}
	}
	return nil
}

// maxOwnThreads bounds how many of the bot's own discussions or pull requests in a repository are read to find one.
const maxOwnThreads = 50

// findThread finds the newest discussion or pull request ("discussion", "pull_request") of the account whose first
// comment ends with marker; nil when there is none.
func findThread(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, kind, marker string,
) (*hub.Discussion, error) {
	me, err := ownAccount(ctx, rt)
	if err != nil {
		return nil, err
	}
	read := 0
	for summary, err := range rt.Hub.Discussions(ctx, repo, hub.DiscussionFilter{Type: kind, Author: me.name}) {
		if err != nil {
			return nil, fmt.Errorf("look for an earlier one in %s: %w", repo, err)
		}
		if read++; read > maxOwnThreads {
			break
		}
		d, err := rt.Hub.Discussion(ctx, repo, summary.Num)
		if err != nil {
			return nil, fmt.Errorf("read discussion %d of %s: %w", summary.Num, repo, err)
		}
		if first := firstComment(d); first != nil && me.wrote(*first) && endsWith(first.Content, marker) {
			return d, nil
		}
	}
	return nil, nil
}

// firstComment is the comment that opened a discussion; nil when the Hub gives none.
func firstComment(d *hub.Discussion) *hub.DiscussionEvent {
	for i := range d.Events {
		if d.Events[i].Type == "comment" {
			return &d.Events[i]
		}
	}
	return nil
}

// keyMarker is the hidden last line of what an action wrote. Without a key it is the run's, which is hashed, since it is
// nobody else's business.
func keyMarker(rt *actions.Runtime, what, key string) string {
	if key == "" {
		return "<!-- hfbot:" + what + " key=" + hashKey(rt.Key) + " -->"
	}
	return "<!-- hfbot:" + what + " key=" + markerKey(key) + " -->"
}
