package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubCommit{}) }

// hubCommit writes files to a branch or pull request.
type hubCommit struct{}

// destination is where a commit goes.
type destination struct {
	Branch      string `json:"branch" doc:"branch to write to; main by default"`
	PullRequest int    `json:"pull_request" doc:"number of a pull request to write to instead"`
}

// revision is the destination as the API names it.
func (in destination) revision() string {
	switch {
	case in.PullRequest > 0:
		return fmt.Sprintf("refs/pr/%d", in.PullRequest)
	case in.Branch == "":
		return hub.DefaultRevision
	}
	return in.Branch
}

// check tells what is wrong with the destination.
func (in destination) check() error {
	switch {
	case in.PullRequest < 0:
		return fmt.Errorf("pull_request must be a positive number, got %d", in.PullRequest)
	case in.PullRequest > 0 && in.Branch != "":
		return fmt.Errorf("give branch or pull_request, not both")
	case in.Branch != "":
		return checkRefName("branch", in.Branch)
	}
	return nil
}

// commitIn is the inputs of hub.commit.
type commitIn struct {
	Message string `json:"message" required:"true" doc:"first line of the commit message"`
	Details string `json:"details" doc:"rest of the commit message"`
	changes
	destination
	actions.Target
}

// commitOut is the outputs of hub.commit.
type commitOut struct {
	Changed bool     `json:"changed" doc:"a commit was made; false when the files are so already"`
	Commit  string   `json:"commit" doc:"the commit that has the files; empty in a dry run that would make one"`
	URL     string   `json:"url" doc:"address of the new commit"`
	Files   []string `json:"files" doc:"paths the commit changes"`
}

// Validate implements actions.Validator.
func (in *commitIn) Validate() error {
	if in.empty() {
		return errNothing
	}
	return in.check()
}

// Spec implements actions.Action.
func (hubCommit) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hub.commit",
		Summary: "Write files to a branch or pull request in one commit.",
		Description: "Contents that are there already are left out, so a repeated step makes no second commit. If the " +
			"branch moves on while the step looks, it looks again. `hub.pull_request` proposes files where the bot may not write.",
		Effect:     actions.HubWrite,
		Access:     actions.WriteUnlessOwn,
		Idempotent: true,
		Example: "uses: hub.commit\nwith:\n  message: Note the last evaluation\n  repo: acme/leaderboard\n  repo_type: dataset\n" +
			"  files:\n    \"results/${{ repo.name }}.json\": ${{ steps.eval.outputs.stdout }}",
	}
}

// Run implements actions.Action.
func (hubCommit) Run(ctx context.Context, rt *actions.Runtime, in commitIn) (commitOut, error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return commitOut{}, err
	}
	contents, err := in.read(rt)
	if err != nil {
		return commitOut{}, err
	}
	info, err := rt.Hub.RepoInfo(ctx, repo, in.revision())
	if err != nil {
		return commitOut{}, fmt.Errorf("read %s at %s: %w", repo, in.revision(), err)
	}
	files, err := pending(ctx, rt.Hub, repo, info.SHA, contents)
	if err != nil {
		return commitOut{}, err
	}
	out := commitOut{Changed: len(files) > 0, Commit: info.SHA, Files: changedNames(files)}
	if !out.Changed {
		return out, nil
	}
	if rt.DryRun {
		out.Commit = ""
		return out, nil
	}
	made, err := rt.Hub.Commit(ctx, repo, hub.CommitInput{
		Revision: in.revision(), Summary: in.Message, Description: in.Details, ParentCommit: info.SHA, Files: files,
	})
	if err != nil {
		return commitOut{}, fmt.Errorf("commit to %s at %s: %w", repo, in.revision(), movedOn(err))
	}
	out.Commit, out.URL = made.OID, made.URL
	return out, nil
}
