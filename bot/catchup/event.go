// Package catchup finds what happened on the Hub while the bot was not called: it compares what the watched repositories
// look like now with when the bot was last called, and makes the events that the Hub would have sent.
package catchup

import (
	"encoding/json"
	"fmt"

	"github.com/hfbot/hfbot/hub"
)

// mainRef is the branch whose pushes are caught up.
const mainRef = "refs/heads/main"

// Event is one event as the Hub would have told it.
type Event struct {
	Key  string // the same for the Hub's own delivery of it, see KeyOf
	Repo hub.RepoRef
	Body []byte // a payload
}

// payloadVersion is the version of the Hub's payloads (https://huggingface.co/docs/hub/webhooks).
const payloadVersion = 3

// body is the common part of every payload.
func body(repo hub.RepoRef, info *hub.RepoInfo, scope, action string, more map[string]any) map[string]any {
	repoPart := map[string]any{
		"type": string(repo.Type), "name": repo.Name, "id": info.ID, "private": info.Private,
		"owner": map[string]any{"id": ""},
	}
	if scope == "repo.content" {
		repoPart["headSha"] = info.SHA
	}
	all := map[string]any{
		"event": map[string]any{"scope": scope, "action": action}, "repo": repoPart,
		"webhook": map[string]any{"id": "", "version": payloadVersion},
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// finish encodes a payload and names it.
func finish(repo hub.RepoRef, all map[string]any) (Event, error) {
	text, err := json.Marshal(all)
	if err != nil {
		return Event{}, err
	}
	p, err := hub.ParsePayload(text)
	if err != nil {
		return Event{}, err
	}
	return Event{Key: KeyOf(p), Repo: repo, Body: text}, nil
}

// Push is the event of main having come to its head; from is the head before, empty when unknown or none, which makes
// every file a changed one.
func Push(repo hub.RepoRef, info *hub.RepoInfo, from string) (Event, error) {
	ref := map[string]any{"ref": mainRef, "oldSha": nil, "newSha": info.SHA}
	if from != "" {
		ref["oldSha"] = from
	}
	return finish(repo, body(repo, info, "repo.content", "update", map[string]any{"updatedRefs": []any{ref}}))
}

// opened is the event of a discussion having been opened, with the comment that it begins with.
func opened(repo hub.RepoRef, info *hub.RepoInfo, d *hub.Discussion) (Event, error) {
	more := map[string]any{"discussion": discussion(d)}
	for _, e := range d.Events {
		if e.Type == "comment" {
			more["comment"] = comment(e)
			break
		}
	}
	return finish(repo, body(repo, info, "discussion", "create", more))
}

// commented is the event of a comment.
func commented(repo hub.RepoRef, info *hub.RepoInfo, d *hub.Discussion, e hub.DiscussionEvent) (Event, error) {
	return finish(repo, body(repo, info, "discussion.comment", "create",
		map[string]any{"discussion": discussion(d), "comment": comment(e)}))
}

func discussion(d *hub.Discussion) map[string]any {
	return map[string]any{
		"id": d.ID, "num": d.Num, "title": d.Title, "status": d.Status, "isPullRequest": d.IsPullRequest,
		"author": map[string]any{"id": d.AuthorID},
	}
}

func comment(e hub.DiscussionEvent) map[string]any {
	c := map[string]any{"id": e.ID, "author": map[string]any{"id": e.AuthorID}, "hidden": e.Hidden}
	if !e.Hidden {
		c["content"] = e.Content
	}
	return c
}

// KeyOf names what an event is about, the same for the Hub's delivery and for one made here; empty for events that are
// not caught up. It is written like a Webhook-Id, which the Hub never makes like this.
func KeyOf(p *hub.Payload) string {
	switch {
	case p.Event.Scope == "repo.content" && len(p.UpdatedRefs) == 1 && p.UpdatedRefs[0].Ref == mainRef &&
		p.UpdatedRefs[0].NewSHA != "":
		return fmt.Sprintf("catch-up:push:%s:%s", p.Repo.ID, p.UpdatedRefs[0].NewSHA)
	case p.Event.Scope == "discussion" && p.Event.Action == "create" && p.Discussion != nil:
		return fmt.Sprintf("catch-up:discussion:%s:%d", p.Repo.ID, p.Discussion.Num)
	case p.Event.Scope == "discussion.comment" && p.Event.Action == "create" && p.Comment != nil:
		return "catch-up:comment:" + p.Comment.ID
	}
	return ""
}
