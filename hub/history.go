package hub

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// Commit is one commit of a repository's history.
type Commit struct {
	ID      string // 40 hex
	Title   string
	Message string   // without the title
	Authors []string // user names
	Date    time.Time
}

type wireCommit struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Message string `json:"message"`
	Authors []struct {
		User string `json:"user"`
	} `json:"authors"`
	Date wireTime `json:"date"`
}

// Commits lists the history of a revision, newest first.
//
// GET /api/{type}s/{name}/commits/{rev}
func (c *Client) Commits(ctx context.Context, repo RepoRef, revision string) iter.Seq2[Commit, error] {
	first := c.get(repo.APIPath()+"/commits/"+escapeRevision(revision), nil)
	return convert(list[wireCommit](ctx, c, first), wireCommit.commit)
}

func (w wireCommit) commit() Commit {
	commit := Commit{ID: w.ID, Title: w.Title, Message: w.Message, Date: w.Date.Time}
	for _, author := range w.Authors {
		commit.Authors = append(commit.Authors, author.User)
	}
	return commit
}

// CommitCount is how many commits the history of a revision has.
//
// GET /api/{type}s/{name}/commits/{rev}?limit=1
func (c *Client) CommitCount(ctx context.Context, repo RepoRef, revision string) (int, error) {
	request := c.get(repo.APIPath()+"/commits/"+escapeRevision(revision), url.Values{"limit": {"1"}})
	header, err := c.json(ctx, request, nil)
	if err != nil {
		return 0, err
	}
	count, err := strconv.Atoi(header.Get("X-Total-Count"))
	if err != nil || count < 0 {
		return 0, fmt.Errorf("hub: GET %s: the answer does not tell the number of commits", request.url)
	}
	return count, nil
}

// Compare is the difference between two revisions as unified text.
//
// GET /api/{type}s/{name}/compare/{from}..{to}
func (c *Client) Compare(ctx context.Context, repo RepoRef, from, to string) (string, error) {
	var diff string
	err := c.getJSON(ctx, repo.APIPath()+"/compare/"+escapeSegment(from+".."+to), nil, &diff)
	return diff, err
}

// Scan is what the Hub's scanners say of a repository's files.
type Scan struct {
	Done   bool `json:"scansDone"`
	Issues []struct {
		Path  string `json:"path"`
		Level string `json:"level"` // unscanned, safe, queued, error, caution, suspicious or unsafe
	} `json:"filesWithIssues"`
}

// Scan reads what the Hub's scanners say of a repository's files.
//
// GET /api/{type}s/{name}/scan
func (c *Client) Scan(ctx context.Context, repo RepoRef) (*Scan, error) {
	scan := &Scan{}
	if err := c.getJSON(ctx, repo.APIPath()+"/scan", nil, scan); err != nil {
		return nil, err
	}
	return scan, nil
}
