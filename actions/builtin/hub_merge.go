package builtin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubMerge{}) }

// hubMerge merges a pull request on conditions.
type hubMerge struct{}

// mergeIn is the inputs of hub.merge.
type mergeIn struct {
	OnlyPaths []string `json:"only_paths" doc:"globs; a pull request that changes anything else is not merged"`
	Authors   []string `json:"authors" doc:"accounts whose pull requests are merged; anyone's by default"`
	Publish   bool     `json:"publish" doc:"open a draft first; by default a draft is not merged"`
	Comment   string   `json:"comment" doc:"what to say with it"`
	thread
}

// mergeOut is the outputs of hub.merge.
type mergeOut struct {
	Merged  bool     `json:"merged" doc:"it is merged, now or from before"`
	Changed bool     `json:"changed" doc:"it was merged now"`
	Commit  string   `json:"commit" doc:"the merge commit, when the Hub tells it"`
	Reasons []string `json:"reasons" doc:"why it is not merged"`
}

// Validate implements actions.Validator.
func (in *mergeIn) Validate() error {
	for _, glob := range in.OnlyPaths {
		if !doublestar.ValidatePattern(glob) {
			return fmt.Errorf("only_paths: %q is no glob", glob)
		}
	}
	return nil
}

// Spec implements actions.Action.
func (hubMerge) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hub.merge",
		Summary: "Merge a pull request if it fulfils conditions.",
		Description: "A condition that is not met is no failure: `merged` is false and `reasons` says why. The changes are " +
			"those of the pull request's head against the commit where it left main. If the event names a commit, the head " +
			"must still be that; it is looked at once more right before the merge. The Hub cannot be told to merge one " +
			"commit only, so a push in that very moment is merged unseen: give `authors` where that matters.",
		Effect:     actions.HubWrite,
		Access:     actions.WriteAccess,
		Idempotent: true,
		Example:    "uses: hub.merge\nwith:\n  only_paths: [README.md]\n  authors: [librarian-bot]",
	}
}

// Run implements actions.Action.
func (hubMerge) Run(ctx context.Context, rt *actions.Runtime, in mergeIn) (mergeOut, error) {
	repo, d, err := in.read(ctx, rt)
	if err != nil {
		return mergeOut{}, err
	}
	switch {
	case !d.IsPullRequest:
		return mergeOut{}, actions.Permanentf("discussion %d of %s is no pull request", d.Num, repo)
	case d.Status == "merged":
		return mergeOut{Merged: true, Commit: mergeCommit(d)}, nil
	}
	head, reasons, err := in.judge(ctx, rt, repo, d)
	if err != nil || len(reasons) > 0 {
		return mergeOut{Reasons: reasons}, err
	}
	if rt.DryRun {
		return mergeOut{Merged: true, Changed: true}, nil
	}
	if d.Status == "draft" {
		if err := rt.Hub.SetDiscussionStatus(ctx, repo, d.Num, "open", ""); err != nil {
			return mergeOut{}, fmt.Errorf("publish pull request %d of %s: %w", d.Num, repo, err)
		}
	}
	now, err := pullRequestHead(ctx, rt, repo, d.Num)
	if err != nil {
		return mergeOut{}, err
	}
	if now != head {
		return mergeOut{Reasons: []string{"it was pushed to while it was looked at"}}, nil
	}
	if err := rt.Hub.MergePullRequest(ctx, repo, d.Num, in.Comment); err != nil {
		return mergeOut{}, fmt.Errorf("merge pull request %d of %s: %w", d.Num, repo, err)
	}
	out := mergeOut{Merged: true, Changed: true}
	if d, err := rt.Hub.Discussion(ctx, repo, d.Num); err == nil { // it is merged; only its commit would be missing
		out.Commit = mergeCommit(d)
	}
	return out, nil
}

// mergeCommit is the commit of a merged pull request, where the Hub tells it.
func mergeCommit(d *hub.Discussion) string {
	if d.Changes == nil {
		return ""
	}
	return d.Changes.MergeCommitID
}

// judge gives the head of a pull request and the reasons against merging it.
func (in mergeIn) judge(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, d *hub.Discussion,
) (head string, reasons []string, err error) {
	if head, err = pullRequestHead(ctx, rt, repo, d.Num); err != nil {
		return "", nil, err
	}
	if d.Status == "draft" && !in.Publish {
		reasons = append(reasons, "it is a draft")
	}
	if d.Status != "draft" && d.Status != "open" {
		reasons = append(reasons, "it is "+d.Status)
	}
	if len(in.Authors) > 0 && (d.Author == "" || !slices.Contains(in.Authors, d.Author)) {
		reasons = append(reasons, "its author is not one of "+strings.Join(in.Authors, ", "))
	}
	if rt.IsEvent(repo) && rt.SHA != "" && rt.SHA != head && strings.HasPrefix(rt.Ref, "refs/pr/") {
		reasons = append(reasons, "it was pushed to after the event")
	}
	if len(in.OnlyPaths) == 0 || len(reasons) > 0 {
		return head, reasons, nil
	}
	changed, err := changedPaths(ctx, rt.Hub, repo, head)
	if err != nil {
		return head, nil, err
	}
	if len(changed) == 0 {
		reasons = append(reasons, "it changes nothing")
	}
	for _, path := range changed {
		if !matchesAny(in.OnlyPaths, path) {
			return head, []string{fmt.Sprintf("it changes %q, which is not in only_paths", path)}, nil
		}
	}
	return head, reasons, nil
}

// matchesAny tells whether one of the globs, which are valid, takes the path.
func matchesAny(globs []string, path string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return doublestar.MatchUnvalidated(glob, path) })
}
