package emulator

import (
	"fmt"
	"html"
	"slices"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// hiddenText stands where a hidden comment was.
const hiddenText = "This comment has been hidden"

// authorView is an account as the author of something.
type authorView struct {
	ID        string `json:"_id"`
	Name      string `json:"name"`
	Fullname  string `json:"fullname"`
	AvatarURL string `json:"avatarUrl"`
	Type      string `json:"type"`
	IsPro     bool   `json:"isPro"`
	IsHF      bool   `json:"isHf"`
	IsHFAdmin bool   `json:"isHfAdmin"`
	IsMod     bool   `json:"isMod"`
}

// repoIDView names a repository.
type repoIDView struct {
	Name string       `json:"name"`
	Type hub.RepoType `json:"type"`
}

// discussionView is a discussion with its time line. The last three fields are there for pull requests only, and the
// first two of them always.
type discussionView struct {
	ID            string      `json:"_id"`
	Num           int         `json:"num"`
	Author        authorView  `json:"author"`
	Repo          repoIDView  `json:"repo"`
	Title         string      `json:"title"`
	CreatedAt     string      `json:"createdAt"`
	Status        string      `json:"status"`
	IsPullRequest bool        `json:"isPullRequest"`
	Pinned        bool        `json:"pinned"`
	Locked        bool        `json:"locked"`
	IsReport      *bool       `json:"isReport,omitempty"` // of what is no pull request; nobody reports here
	Collection    string      `json:"collection"`
	Events        []eventView `json:"events"`
	*pullRequestView
}

// eventView is one entry of a time line.
type eventView struct {
	ID        string     `json:"id"`
	Type      string     `json:"type"`
	CreatedAt string     `json:"createdAt"`
	Author    authorView `json:"author"`
	Data      any        `json:"data"`
}

// commentView is the data of a comment.
type commentView struct {
	Edited           bool                `json:"edited"`
	Hidden           bool                `json:"hidden"`
	HiddenBy         string              `json:"hiddenBy,omitempty"`
	Latest           commentLatestView   `json:"latest"`
	History          []commentLatestView `json:"history"` // what it said before, from the newest to the oldest
	NumEdits         int                 `json:"numEdits"`
	Editors          []string            `json:"editors"`
	EditorAvatarURLs []string            `json:"editorAvatarUrls"`
	Reactions        []string            `json:"reactions"`
}

// commentLatestView is what a comment says now.
type commentLatestView struct {
	Raw       string     `json:"raw"`
	HTML      string     `json:"html"`
	UpdatedAt string     `json:"updatedAt"`
	Author    authorView `json:"author"`
}

// viewAuthor renders an account.
func viewAuthor(a *account) authorView {
	return authorView{
		ID: a.id, Name: a.name, Fullname: a.name, AvatarURL: "/avatars/" + a.id + ".svg", Type: "user", IsPro: true,
	}
}

// view renders the discussion; the talk's lock must be held.
func (d *discussion) view(ref hub.RepoRef) discussionView {
	view := discussionView{
		ID: d.id, Num: d.num, Author: viewAuthor(d.author), Repo: repoIDView{ref.Name, ref.Type}, Title: d.title,
		CreatedAt: timestamp(d.created), Status: d.status, IsPullRequest: d.pull != nil, Pinned: d.pinned,
		Collection: "discussions", Events: make([]eventView, 0, len(d.events)),
	}
	for _, event := range d.events {
		view.Events = append(view.Events, event.view())
	}
	if d.pull == nil {
		view.IsReport = new(bool)
	} else {
		view.pullRequestView = &pullRequestView{Changes: d.pull.changes(), FilesWithConflicts: []string{}}
	}
	return view
}

// view renders the entry; the talk's lock must be held.
func (e *discussionEvent) view() eventView {
	view := eventView{
		ID: e.id, Type: e.kind, CreatedAt: timestamp(e.created), Author: viewAuthor(e.author), Data: e.data,
	}
	if e.comment != nil {
		view.Data = e.comment.view(e.author)
	}
	return view
}

// view renders the comment.
func (c *comment) view(author *account) commentView {
	text := c.text
	if c.hiddenBy != "" {
		text = hiddenText
	}
	version := func(text string, at time.Time) commentLatestView {
		return commentLatestView{
			Raw: text, HTML: fmt.Sprintf("<p>%s</p>", html.EscapeString(text)), UpdatedAt: timestamp(at), Author: viewAuthor(author),
		}
	}
	latest := version(text, c.updated)
	history := []commentLatestView{}
	if c.hiddenBy == "" {
		for _, each := range slices.Backward(c.before) {
			history = append(history, version(each.Text, each.Updated))
		}
	}
	return commentView{
		Edited:           c.edits > 0,
		Hidden:           c.hiddenBy != "",
		HiddenBy:         c.hiddenBy,
		Latest:           latest,
		History:          history,
		NumEdits:         c.edits,
		Editors:          append([]string(nil), c.editors...),
		EditorAvatarURLs: []string{"/avatars/" + author.id + ".svg"},
		Reactions:        []string{},
	}
}
