package builtin

import (
	"context"

	"github.com/hfbot/hfbot/hub"
)

const maxTreeFiles = 100_000 // files of a tree

// changedPaths lists the paths that differ between a commit and the commit where it left main, sorted.
func changedPaths(ctx context.Context, client *hub.Client, repo hub.RepoRef, sha string) ([]string, error) {
	base, err := client.LeftMain(ctx, repo, sha)
	if err != nil {
		return nil, err
	}
	return client.ChangedPaths(ctx, repo, base, sha, maxTreeFiles)
}
