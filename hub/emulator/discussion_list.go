package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// discussionsPerPage is the page size of the list. The Hub does not document its own.
const discussionsPerPage = 50

// discussionFilter is the query of the list.
type discussionFilter struct {
	page                               int
	kind, status, author, search, sort string
}

// discussionListView is one page of the list.
type discussionListView struct {
	Discussions []discussionSummaryView `json:"discussions"`
	Count       int                     `json:"count"` // on all pages
	Start       int                     `json:"start"` // place of the first one of this page
	NumClosed   int                     `json:"numClosedDiscussions"`
}

// discussionSummaryView is a discussion without its time line.
type discussionSummaryView struct {
	Num              int           `json:"num"`
	Author           authorView    `json:"author"`
	Repo             repoIDView    `json:"repo"`
	Title            string        `json:"title"`
	CreatedAt        string        `json:"createdAt"`
	Status           string        `json:"status"`
	IsPullRequest    bool          `json:"isPullRequest"`
	NumComments      int           `json:"numComments"`
	Pinned           bool          `json:"pinned"`
	TopReactions     []string      `json:"topReactions"`
	NumReactionUsers int           `json:"numReactionUsers"`
	RepoOwner        repoOwnerView `json:"repoOwner"`
}

// repoOwnerView tells what the owner of the repository has to do with a discussion.
type repoOwnerView struct {
	Name               string `json:"name"`
	Type               string `json:"type"`
	IsParticipating    bool   `json:"isParticipating"`
	IsDiscussionAuthor bool   `json:"isDiscussionAuthor"`
}

// readDiscussionFilter reads and checks the query.
func readDiscussionFilter(c echo.Context) (discussionFilter, error) {
	f := discussionFilter{author: c.QueryParam("author"), search: strings.ToLower(c.QueryParam("search"))}
	if p := c.QueryParam("p"); p != "" {
		page, err := strconv.Atoi(p)
		if err != nil || page < 0 || page > 1_000_000 {
			return f, deny(http.StatusBadRequest, `"p" must be a page number, counted from 0`)
		}
		f.page = page
	}
	for _, choice := range []struct {
		name    string
		value   *string
		allowed []string // the first is the default
	}{
		{"type", &f.kind, []string{"all", "discussion", "pull_request"}},
		{"status", &f.status, []string{"all", "open", "closed"}},
		{"sort", &f.sort, []string{"recently-created", "trending", "reactions"}},
	} {
		*choice.value = cmp.Or(c.QueryParam(choice.name), choice.allowed[0])
		if !slices.Contains(choice.allowed, *choice.value) {
			return f, deny(http.StatusBadRequest, "%q must be one of %q", choice.name, choice.allowed)
		}
	}
	return f, nil
}

// accepts tells whether d is in the list, its status aside.
func (f discussionFilter) accepts(d *discussion) bool {
	return (f.kind == "all" || (f.kind == "pull_request") == (d.pull != nil)) &&
		(f.author == "" || strings.EqualFold(f.author, d.author.name)) &&
		strings.Contains(strings.ToLower(d.title), f.search)
}

// over tells whether d counts as closed in lists: closed or merged.
func (d *discussion) over() bool { return d.status == statusClosed || d.status == statusMerged }

// page renders one page of the list.
func (t *talk) page(f discussionFilter, ref hub.RepoRef, owner *account) discussionListView {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []*discussion
	list := discussionListView{Discussions: []discussionSummaryView{}}
	for _, d := range slices.Backward(t.all) {
		if !f.accepts(d) {
			continue
		}
		if d.over() {
			list.NumClosed++
		}
		if f.status == "all" || (f.status == "closed") == d.over() {
			found = append(found, d)
		}
	}
	if f.sort == "trending" {
		slices.SortStableFunc(found, func(a, b *discussion) int { return b.comments() - a.comments() })
	}
	list.Count = len(found)
	list.Start = min(f.page*discussionsPerPage, len(found))
	for _, d := range found[list.Start:min(list.Start+discussionsPerPage, len(found))] {
		list.Discussions = append(list.Discussions, d.summary(ref, owner))
	}
	return list
}

// comments is the number of comments, the description included.
func (d *discussion) comments() int {
	n := 0
	for _, event := range d.events {
		if event.comment != nil {
			n++
		}
	}
	return n
}

// summary renders d for the list.
func (d *discussion) summary(ref hub.RepoRef, owner *account) discussionSummaryView {
	return discussionSummaryView{
		Num: d.num, Author: viewAuthor(d.author), Repo: repoIDView{ref.Name, ref.Type}, Title: d.title,
		CreatedAt: timestamp(d.created), Status: d.status, IsPullRequest: d.pull != nil, NumComments: d.comments(),
		Pinned: d.pinned, TopReactions: []string{},
		RepoOwner: repoOwnerView{
			Name: owner.name, Type: owner.kind(), IsDiscussionAuthor: d.author == owner,
			IsParticipating: slices.ContainsFunc(d.events, func(e *discussionEvent) bool { return e.author == owner }),
		},
	}
}
