package hub

import (
	"context"
	"iter"
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
