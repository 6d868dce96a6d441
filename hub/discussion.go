package hub

import (
	"context"
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
}

// DiscussionSummary is a discussion or pull request as lists show it.
type DiscussionSummary struct {
	Num           int
	Title         string
	Author        string // user name; empty when the account is gone
	Status        string // draft, open, closed or merged
	IsPullRequest bool
	CreatedAt     time.Time
}

// Discussion is a discussion or pull request with all that happened in it.
type Discussion struct {
	DiscussionSummary
	ID       string
	AuthorID string
	Events   []DiscussionEvent  // the first is the comment that opened it
	Changes  *DiscussionChanges // the git side of a pull request; nil for a discussion
	Diff     string             // of a pull request, as unified text; empty when the Hub gives none
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
}

func (w wireDiscussion) summary() DiscussionSummary {
	return DiscussionSummary{
		Num: w.Num, Title: w.Title, Author: w.Author.Name, Status: w.Status, IsPullRequest: w.IsPullRequest,
		CreatedAt: w.CreatedAt.Time,
	}
}

// Discussions lists discussions and pull requests.
//
// GET /api/{type}s/{name}/discussions?p={page}
func (c *Client) Discussions(
	ctx context.Context, repo RepoRef, filter DiscussionFilter,
) iter.Seq2[DiscussionSummary, error] {
	query := url.Values{}
	for name, value := range map[string]string{"type": filter.Type, "status": filter.Status, "author": filter.Author} {
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
