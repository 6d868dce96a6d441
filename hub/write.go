package hub

import (
	"context"
	"strconv"
)

// Write kinds, in Write.Kind.
const (
	WriteComment     = "comment"
	WriteDiscussion  = "discussion"
	WriteCommit      = "commit"
	WritePullRequest = "pull_request"
)

// Write is something that a client wrote on the Hub.
type Write struct {
	Kind string // WriteComment, WriteDiscussion, WriteCommit or WritePullRequest
	Repo RepoRef
	ID   string // of the comment or commit; the number of the discussion or pull request as text
	Num  int    // of the discussion or pull request; 0 for a commit on a branch

	Opened bool // the discussion or pull request is new, not one whose state was changed
}

// WithWriteObserver has a function called after each successful write, before the method returns. A bot uses it to know
// its own acts again when the Hub tells it of them. A commit that opens a pull request is two writes. Changes of a
// discussion's state and merges are told with the kind of what was changed.
func WithWriteObserver(observe func(ctx context.Context, w Write)) Option {
	return func(c *Client) { c.observers = append(c.observers, observe) }
}

func (c *Client) wrote(ctx context.Context, w Write) {
	for _, observe := range c.observers {
		observe(ctx, w)
	}
}

// wroteThread tells of a discussion or pull request, opened or changed.
func (c *Client) wroteThread(ctx context.Context, kind string, repo RepoRef, num int, opened bool) {
	c.wrote(ctx, Write{Kind: kind, Repo: repo, ID: strconv.Itoa(num), Num: num, Opened: opened})
}
