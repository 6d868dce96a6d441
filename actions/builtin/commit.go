package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// eventRef is the ref that the event of a step is about: the one that was pushed, or that of the pull request that was
// opened or talked about; empty when it is about none in repo.
func eventRef(rt *actions.Runtime, repo hub.RepoRef) string {
	switch {
	case !rt.IsEvent(repo):
		return ""
	case rt.Ref != "":
		return rt.Ref
	case rt.Event.Discussion != nil && rt.Event.Discussion.IsPullRequest:
		return fmt.Sprintf("refs/pr/%d", rt.Event.Discussion.Num)
	}
	return ""
}

// eventRevision is what a step works at that names no revision: the event's commit; where the payload has none, as those
// about discussions, the head of the pull request; empty, so main, for all else.
func eventRevision(rt *actions.Runtime, repo hub.RepoRef) string {
	if rt.IsEvent(repo) && rt.SHA != "" {
		return rt.SHA
	}
	return eventRef(rt, repo)
}

// eventCommit is the commit of eventRevision; empty for main.
func eventCommit(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef) (string, error) {
	if revision := eventRevision(rt, repo); revision == "" || revision == rt.SHA {
		return revision, nil
	}
	return resolveRevision(ctx, rt, repo, "")
}

// resolveRevision is the commit of a revision; an empty one is the event's.
func resolveRevision(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, revision string) (string, error) {
	if revision == "" {
		revision = eventRevision(rt, repo)
	}
	info, err := rt.Hub.RepoInfo(ctx, repo, revision)
	if err != nil {
		return "", fmt.Errorf("read %s at %q: %w", repo, revision, err)
	}
	if info.SHA == "" {
		return "", actions.Permanentf("%s has no commit yet", repo)
	}
	return info.SHA, nil
}

// pullRequestHead is the commit a pull request is at.
func pullRequestHead(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, num int) (string, error) {
	ref := fmt.Sprintf("refs/pr/%d", num)
	info, err := rt.Hub.RepoInfo(ctx, repo, ref)
	if err != nil {
		return "", fmt.Errorf("read %s of %s: %w", ref, repo, err)
	}
	return info.SHA, nil
}
