package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// DiscussionFilter says which discussions are listed. Empty fields let all through.
type DiscussionFilter struct {
	Type   string // discussion or pull_request
	Status string // open or closed
	Author string // user name
	Search string // in title and text
	Sort   string // recently-created, trending or reactions
}

// DiscussionSummary is a discussion or pull request as lists show it.
type DiscussionSummary struct {
	Num           int
	Title         string
	Author        string // user name; empty when the account is gone
	Status        string // draft, open, closed or merged
	IsPullRequest bool
	CreatedAt     time.Time
	Pinned        bool
	NumComments   int // 0 when read by [Client.Discussion], which has the comments themselves
}

// Discussion is a discussion or pull request with all that happened in it.
type Discussion struct {
	DiscussionSummary
	ID       string
	AuthorID string
	Events   []DiscussionEvent  // the first is the comment that opened it
	Changes  *DiscussionChanges // the git side of a pull request; nil for a discussion
	Diff     string             // of a pull request, as unified text; empty when the Hub gives none
	Locked   bool
	// Conflicts are the files that stand in the way of a merge. HasConflicts may be true without any, as the Hub does
	// not always name them.
	Conflicts    []string
	HasConflicts bool
}

type wireAuthor struct {
	ID   string `json:"_id"`
	Name string `json:"name"`
}

type wireDiscussion struct {
	ID            string             `json:"_id"`
	Num           int                `json:"num"`
	Title         string             `json:"title"`
	Author        wireAuthor         `json:"author"`
	Status        string             `json:"status"`
	IsPullRequest bool               `json:"isPullRequest"`
	CreatedAt     wireTime           `json:"createdAt"`
	Events        []wireEvent        `json:"events"`
	Changes       *DiscussionChanges `json:"changes"`
	Diff          string             `json:"diff"`
	Pinned        bool               `json:"pinned"`
	Locked        bool               `json:"locked"`
	NumComments   int                `json:"numComments"`
	Conflicts     wireConflicts      `json:"filesWithConflicts"`
}

// wireConflicts is a list of paths, or true when the Hub only knows that there are some.
type wireConflicts struct {
	some  bool
	paths []string
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *wireConflicts) UnmarshalJSON(raw []byte) error {
	var paths []string
	if json.Unmarshal(raw, &paths) != nil {
		paths = nil
	}
	*f = wireConflicts{len(paths) > 0 || string(raw) == "true", paths}
	return nil
}

func (w wireDiscussion) summary() DiscussionSummary {
	return DiscussionSummary{
		Num: w.Num, Title: w.Title, Author: w.Author.Name, Status: w.Status, IsPullRequest: w.IsPullRequest,
		CreatedAt: w.CreatedAt.Time, Pinned: w.Pinned, NumComments: w.NumComments,
	}
}

// Discussions lists discussions and pull requests. The Hub counts its pages anew for each call: who closes what a list of
// open ones gives should read the list to its end before, or miss what moves to an earlier page.
//
// GET /api/{type}s/{name}/discussions?p={page}
func (c *Client) Discussions(
	ctx context.Context, repo RepoRef, filter DiscussionFilter,
) iter.Seq2[DiscussionSummary, error] {
	query := url.Values{}
	for name, value := range map[string]string{
		"type": filter.Type, "status": filter.Status, "author": filter.Author, "search": filter.Search, "sort": filter.Sort,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return func(yield func(DiscussionSummary, error) bool) {
		seen := 0
		for page := range maxPages {
			query.Set("p", strconv.Itoa(page))
			var in struct {
				Discussions []wireDiscussion `json:"discussions"`
				Count       int              `json:"count"`
			}
			if err := c.getJSON(ctx, discussionsPath(repo), query, &in); err != nil {
				yield(DiscussionSummary{}, err)
				return
			}
			for _, discussion := range in.Discussions {
				if !yield(discussion.summary(), nil) {
					return
				}
			}
			seen += len(in.Discussions)
			if len(in.Discussions) == 0 || seen >= in.Count {
				return
			}
		}
		yield(DiscussionSummary{}, fmt.Errorf("hub: %s has more than %d pages of discussions", repo, maxPages))
	}
}

// Discussion reads one discussion or pull request with its events.
//
// GET /api/{type}s/{name}/discussions/{num}?diff=1
func (c *Client) Discussion(ctx context.Context, repo RepoRef, num int) (*Discussion, error) {
	var in wireDiscussion
	if err := c.getJSON(ctx, discussionPath(repo, num), url.Values{"diff": {"1"}}, &in); err != nil {
		return nil, err
	}
	discussion := &Discussion{
		DiscussionSummary: in.summary(), ID: in.ID, AuthorID: in.Author.ID, Changes: in.Changes, Diff: in.Diff,
		Locked: in.Locked, Conflicts: in.Conflicts.paths, HasConflicts: in.Conflicts.some,
	}
	for _, event := range in.Events {
		discussion.Events = append(discussion.Events, event.event())
	}
	return discussion, nil
}

func discussionsPath(repo RepoRef) string { return repo.APIPath() + "/discussions" }

func discussionPath(repo RepoRef, num int) string {
	return discussionsPath(repo) + "/" + strconv.Itoa(num)
}
