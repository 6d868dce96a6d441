package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubPullRequest{}) }

// hubPullRequest proposes files, once.
type hubPullRequest struct{}

// pullRequestIn is the inputs of hub.pull_request.
type pullRequestIn struct {
	Title string `json:"title" required:"true" doc:"title; more than 200 characters are cut"`
	prose
	Key string `json:"key" doc:"keep one pull request for each key and repository; the run's own by default"`
	changes
	actions.Target
}

// pullRequestOut is the outputs of hub.pull_request.
type pullRequestOut struct {
	PullRequest int      `json:"pull_request" doc:"number of the pull request; 0 when there is nothing to propose, or in a dry run"`
	URL         string   `json:"url" doc:"address of the pull request"`
	Created     bool     `json:"created" doc:"it is new, not found from before"`
	Status      string   `json:"status" doc:"draft, open, closed or merged"`
	Files       []string `json:"files" doc:"paths that were changed now"`
}

// Spec implements actions.Action.
func (hubPullRequest) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hub.pull_request",
		Summary: "Propose files in a pull request, one for each key.",
		Description: "Needs no write access. When the repository has the contents already, nothing is opened. While the " +
			"pull request of a key is open, other contents are added to it as a commit; once it is closed or merged it is left " +
			"alone: who closes it does not want it. Without files it opens an empty draft, to be filled by pushes to " +
			"`refs/pr/N`. The last line of the description is a hidden marker by which the bot finds it again.",
		Effect:     actions.HubWrite,
		Idempotent: true,
		Example: "uses: hub.pull_request\nwith:\n  key: license\n  title: Add the license to the model card\n" +
			"  body: The card names no license. Please check that this is the right one.\n" +
			"  files: {README.md: \"${{ steps.card.outputs.content }}\"}",
	}
}

// Run implements actions.Action.
func (hubPullRequest) Run(ctx context.Context, rt *actions.Runtime, in pullRequestIn) (pullRequestOut, error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return pullRequestOut{}, err
	}
	marker := keyMarker(rt, "pull-request", in.Key)
	if in.Title, err = cleanTitle(in.Title); err != nil {
		return pullRequestOut{}, err
	}
	text, err := in.text(rt, "text", marker)
	if err != nil {
		return pullRequestOut{}, err
	}
	contents, err := in.read(rt)
	if err != nil {
		return pullRequestOut{}, err
	}
	old, err := findThread(ctx, rt, repo, "pull_request", marker)
	if err != nil {
		return pullRequestOut{}, err
	}
	if old != nil {
		return in.again(ctx, rt, repo, old, contents)
	}
	return in.open(ctx, rt, repo, contents, text)
}

// open opens a new pull request.
func (in pullRequestIn) open(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, contents map[string][]byte, text string,
) (pullRequestOut, error) {
	if in.empty() {
		return in.draft(ctx, rt, repo, text)
	}
	info, err := rt.Hub.RepoInfo(ctx, repo, "")
	if err != nil {
		return pullRequestOut{}, fmt.Errorf("read %s: %w", repo, err)
	}
	files, err := pending(ctx, rt.Hub, repo, info.SHA, contents)
	if err != nil || len(files) == 0 {
		return pullRequestOut{}, err
	}
	out := pullRequestOut{Created: true, Status: "open", Files: changedNames(files)}
	if rt.DryRun {
		return out, nil
	}
	made, err := rt.Hub.Commit(ctx, repo, hub.CommitInput{
		Summary: in.Title, Description: text, ParentCommit: info.SHA, CreatePR: true, Files: files,
	})
	if err != nil {
		return pullRequestOut{}, fmt.Errorf("open a pull request of %s: %w", repo, movedOn(err))
	}
	if made.PullRequestNum == 0 {
		return pullRequestOut{}, actions.Permanentf("the Hub answered the commit to %s without a pull request", repo)
	}
	out.PullRequest, out.URL = made.PullRequestNum, threadURL(rt, repo, made.PullRequestNum)
	return out, nil
}

// draft opens a pull request without files.
func (in pullRequestIn) draft(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, text string,
) (pullRequestOut, error) {
	out := pullRequestOut{Created: true, Status: "draft"}
	if rt.DryRun {
		return out, nil
	}
	opened, err := rt.Hub.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{
		Title: in.Title, Description: text, PullRequest: true,
	})
	if err != nil {
		return pullRequestOut{}, fmt.Errorf("open a draft pull request of %s: %w", repo, err)
	}
	out.PullRequest, out.URL = opened.Num, threadURL(rt, repo, opened.Num)
	return out, nil
}

// again adds to the pull request of before what it does not have.
func (in pullRequestIn) again(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, old *hub.Discussion, contents map[string][]byte,
) (pullRequestOut, error) {
	out := pullRequestOut{PullRequest: old.Num, URL: threadURL(rt, repo, old.Num), Status: old.Status}
	if old.Status == "closed" || old.Status == "merged" || in.empty() {
		return out, nil
	}
	head, err := pullRequestHead(ctx, rt, repo, old.Num)
	if err != nil {
		return out, err
	}
	files, err := pending(ctx, rt.Hub, repo, head, contents)
	if err != nil || len(files) == 0 {
		return out, err
	}
	if out.Files = changedNames(files); rt.DryRun {
		return out, nil
	}
	_, err = rt.Hub.Commit(ctx, repo, hub.CommitInput{
		Revision: fmt.Sprintf("refs/pr/%d", old.Num), Summary: in.Title, ParentCommit: head, Files: files,
	})
	if err != nil {
		return out, fmt.Errorf("add to pull request %d of %s: %w", old.Num, repo, movedOn(err))
	}
	return out, nil
}
