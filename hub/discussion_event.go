package hub

import "time"

// DiscussionEvent is something that happened in a discussion.
type DiscussionEvent struct {
	ID        string
	Type      string // comment, status-change, commit, title-change, ...
	CreatedAt time.Time
	Author    string // user name; empty when the account is gone
	AuthorID  string

	// AuthorIsOwner and AuthorIsMember tell whether the author is the user that owns the repository, or in the
	// organisation that does.
	AuthorIsOwner  bool
	AuthorIsMember bool

	// Content, Hidden and Edited are those of a comment. Content is its Markdown text, empty when it is hidden.
	Content string
	Hidden  bool
	Edited  bool

	Data map[string]any // what the Hub tells of the event, as it is; its keys depend on Type
}

type wireEvent struct {
	ID        string   `json:"id"`
	Type      string   `json:"type"`
	CreatedAt wireTime `json:"createdAt"`
	Author    struct {
		wireAuthor
		IsOwner  bool `json:"isOwner"`
		IsMember bool `json:"isOrgMember"`
	} `json:"author"`
	Data wireObject `json:"data"`
}

func (w wireEvent) event() DiscussionEvent {
	event := DiscussionEvent{
		ID: w.ID, Type: w.Type, CreatedAt: w.CreatedAt.Time, Author: w.Author.Name, AuthorID: w.Author.ID,
		AuthorIsOwner: w.Author.IsOwner, AuthorIsMember: w.Author.IsMember, Data: w.Data,
	}
	if w.Type != "comment" {
		return event
	}
	event.Hidden, _ = w.Data["hidden"].(bool)
	event.Edited, _ = w.Data["edited"].(bool)
	latest, _ := w.Data["latest"].(map[string]any)
	if !event.Hidden { // the Hub puts a text of its own in its place
		event.Content, _ = latest["raw"].(string)
	}
	return event
}
