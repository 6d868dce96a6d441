package hub

import (
	"context"
	"fmt"
	"slices"
)

// maxHistory bounds how many commits are looked through for where a branch left main.
const maxHistory = 2_000

// Blobs maps the path of each file at a revision to what identifies its content. More than most files are an error.
func (c *Client) Blobs(ctx context.Context, repo RepoRef, revision string, most int) (map[string]string, error) {
	oids := map[string]string{}
	for entry, err := range c.Tree(ctx, repo, revision) {
		if err != nil {
			return nil, fmt.Errorf("list %s at %s: %w", repo, revision, err)
		}
		if entry.Type != "file" {
			continue
		}
		if len(oids) == most {
			return nil, fmt.Errorf("%s has more than %d files at %s", repo, most, revision)
		}
		oids[entry.Path] = entry.OID
	}
	return oids, nil
}

// ChangedPaths lists the paths that were added, changed or removed from one commit to another, sorted. With an empty base
// all files of the head are new. More than most files at either are an error.
func (c *Client) ChangedPaths(ctx context.Context, repo RepoRef, base, head string, most int) ([]string, error) {
	before := map[string]string{}
	if base != "" {
		var err error
		if before, err = c.Blobs(ctx, repo, base, most); err != nil {
			return nil, err
		}
	}
	after, err := c.Blobs(ctx, repo, head, most)
	if err != nil {
		return nil, err
	}
	changed := []string{}
	for path, oid := range after {
		if before[path] != oid {
			changed = append(changed, path)
		}
	}
	for path := range before {
		if _, ok := after[path]; !ok {
			changed = append(changed, path)
		}
	}
	slices.Sort(changed)
	return changed, nil
}

// LeftMain finds the newest commit of main that a commit descends from; "" when they have nothing in common.
func (c *Client) LeftMain(ctx context.Context, repo RepoRef, sha string) (string, error) {
	ours, err := c.history(ctx, repo, sha)
	if err != nil {
		return "", err
	}
	mains, err := c.history(ctx, repo, DefaultRevision)
	if IsNotFound(err) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	known := make(map[string]bool, len(ours))
	for _, id := range ours {
		known[id] = true
	}
	for _, id := range mains {
		if known[id] {
			return id, nil
		}
	}
	if len(ours) == maxHistory || len(mains) == maxHistory {
		return "", fmt.Errorf("commit %s of %s left main more than %d commits ago", sha, repo, maxHistory)
	}
	return "", nil
}

// history lists the newest commits of a revision.
func (c *Client) history(ctx context.Context, repo RepoRef, revision string) ([]string, error) {
	var ids []string
	for commit, err := range c.Commits(ctx, repo, revision) {
		if err != nil {
			return nil, fmt.Errorf("read the history of %s at %s: %w", repo, revision, err)
		}
		if ids = append(ids, commit.ID); len(ids) == maxHistory {
			break
		}
	}
	return ids, nil
}
