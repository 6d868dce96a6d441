package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/hfbot/hfbot/hub"
)

// The kinds of things that the bot does on the Hub.
const (
	OwnComment    = "comment"
	OwnDiscussion = "discussion"
	OwnCommit     = "commit"
	OwnPullCommit = "pull_commit" // a commit that opened a pull request, or was added to one
)

// Own is something the bot did on the Hub, so that its echo is known again.
type Own struct {
	Kind   string // one of the kinds above
	ID     string // comment id, DiscussionID, commit sha
	Rule   string // whose run did it; empty when no run did
	RepoID string // of the event that caused it, whatever repository was written to
	Repo   hub.RepoRef
}

// RecordOwn remembers what the bot did. To record the same thing twice changes nothing.
func (s *Store) RecordOwn(ctx context.Context, o Own) error {
	_, err := s.writer.ExecContext(ctx, `INSERT INTO own (kind, id, rule, repo_id, repo, repo_type, at)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO NOTHING`,
		o.Kind, o.ID, o.Rule, o.RepoID, o.Repo.Name, string(o.Repo.Type), micros(s.Now()))
	if err != nil {
		return fmt.Errorf("store: record the bot's own %s %s: %w", o.Kind, o.ID, err)
	}
	return nil
}

// DiscussionID is the Own.ID of a discussion or pull request.
func DiscussionID(repo hub.RepoRef, num int) string {
	return fmt.Sprintf("%s/%s#%d", repo.Type, repo.Name, num)
}

// FindOwn returns what the bot did itself, and whether it did.
func (s *Store) FindOwn(ctx context.Context, kind, id string) (Own, bool, error) {
	return findOwn(ctx, s.reader, kind, id)
}

// IsOwn tells whether the bot did this itself.
func (s *Store) IsOwn(ctx context.Context, kind, id string) (bool, error) {
	_, own, err := findOwn(ctx, s.reader, kind, id)
	return own, err
}

// Own returns what the bot did itself, and whether it did.
func (t *Tx) Own(kind, id string) (Own, bool, error) { return findOwn(t.ctx, t.tx, kind, id) }

func findOwn(ctx context.Context, q querier, kind, id string) (Own, bool, error) {
	o := Own{Kind: kind, ID: id}
	err := q.QueryRowContext(ctx, `SELECT rule, repo_id, repo, repo_type FROM own WHERE kind = ? AND id = ?`, kind, id).
		Scan(&o.Rule, &o.RepoID, &o.Repo.Name, &o.Repo.Type)
	if errors.Is(err, sql.ErrNoRows) {
		return Own{}, false, nil
	}
	if err != nil {
		return Own{}, false, fmt.Errorf("store: look up the bot's own %s %s: %w", kind, id, err)
	}
	return o, true, nil
}
