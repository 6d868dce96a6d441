package builtin

import (
	"context"
	"fmt"
	"slices"

	"github.com/hfbot/hfbot/hub"
)

const (
	maxHistory   = 2000    // commits looked through for where a branch left main
	maxTreeFiles = 100_000 // files of a tree
)

// changedPaths lists the paths that differ between a commit and the commit where it left main, sorted.
func changedPaths(ctx context.Context, client *hub.Client, repo hub.RepoRef, sha string) ([]string, error) {
	base, err := leftMain(ctx, client, repo, sha)
	if err != nil {
		return nil, err
	}
	return changedBetween(ctx, client, repo, base, sha)
}

// changedBetween lists the paths that differ between two commits, sorted. An empty base has no files.
func changedBetween(ctx context.Context, client *hub.Client, repo hub.RepoRef, base, sha string) ([]string, error) {
	before := map[string]string{}
	var err error
	if base != "" {
		if before, err = contents(ctx, client, repo, base); err != nil {
			return nil, err
		}
	}
	after, err := contents(ctx, client, repo, sha)
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

// leftMain finds the newest commit of main that a commit descends from; "" when they have nothing in common.
func leftMain(ctx context.Context, client *hub.Client, repo hub.RepoRef, sha string) (string, error) {
	ours, err := history(ctx, client, repo, sha)
	if err != nil {
		return "", err
	}
	mains, err := history(ctx, client, repo, hub.DefaultRevision)
	if hub.IsNotFound(err) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	for _, id := range mains {
		if slices.Contains(ours, id) {
			return id, nil
		}
	}
	if len(ours) == maxHistory || len(mains) == maxHistory {
		return "", fmt.Errorf("commit %s of %s left main more than %d commits ago", sha, repo, maxHistory)
	}
	return "", nil
}

// history lists the newest commits of a revision.
func history(ctx context.Context, client *hub.Client, repo hub.RepoRef, revision string) ([]string, error) {
	var ids []string
	for commit, err := range client.Commits(ctx, repo, revision) {
		if err != nil {
			return nil, fmt.Errorf("read the history of %s at %s: %w", repo, revision, err)
		}
		if ids = append(ids, commit.ID); len(ids) == maxHistory {
			break
		}
	}
	return ids, nil
}

// contents maps each path of a revision to what identifies its content.
func contents(ctx context.Context, client *hub.Client, repo hub.RepoRef, revision string) (map[string]string, error) {
	oids := map[string]string{}
	for entry, err := range client.Tree(ctx, repo, revision) {
		if err != nil {
			return nil, fmt.Errorf("list %s at %s: %w", repo, revision, err)
		}
		if entry.Type != "file" {
			continue
		}
		if len(oids) == maxTreeFiles {
			return nil, fmt.Errorf("%s has more than %d files", repo, maxTreeFiles)
		}
		oids[entry.Path] = entry.OID
	}
	return oids, nil
}
