package demo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hfbot/hfbot/convert/safetensors"
	"github.com/hfbot/hfbot/hub"
)

// Outcome is what the Hub and the CI say happened.
type Outcome struct {
	PullRequest int
	Tensors     int
	Comment     string // web address of the comment on it
	CICalls     int
}

// Check reads the local Hub back, as the user, and asks the CI. It returns what it found even when something is
// missing; the error names everything that is.
func (d *Demo) Check(ctx context.Context, sha string, userPR int) (Outcome, error) {
	var out Outcome
	checks := []error{
		d.checkConversion(ctx, &out),
		d.checkComment(ctx, userPR, "Thank you", nil),
		d.checkCI(sha, &out),
	}
	if out.PullRequest > 0 {
		checks = append(checks, d.checkComment(ctx, out.PullRequest, "Converted 1 file(s) of commit "+sha, &out.Comment))
	}
	return out, errors.Join(checks...)
}

// checkConversion finds the bot's one open pull request and reads the weights in it.
func (d *Demo) checkConversion(ctx context.Context, out *Outcome) error {
	var found []hub.DiscussionSummary
	for s, err := range d.user.Discussions(ctx, repo, hub.DiscussionFilter{Type: "pull_request", Author: botName}) {
		if err != nil {
			return fmt.Errorf("list pull requests: %w", err)
		}
		found = append(found, s)
	}
	if len(found) != 1 {
		return fmt.Errorf("%d pull requests by %s instead of 1", len(found), botName)
	}
	out.PullRequest = found[0].Num
	revision := fmt.Sprintf("refs/pr/%d", out.PullRequest)
	file, err := d.user.OpenFile(ctx, repo, revision, "model.safetensors")
	if err != nil {
		return fmt.Errorf("open the converted weights: %w", err)
	}
	header, err := safetensors.Parse(file, file.Size())
	if err != nil {
		return fmt.Errorf("the converted weights are no safetensors file: %w", err)
	}
	if out.Tensors = len(header.Tensors); out.Tensors == 0 {
		return errors.New("the converted weights hold no tensor")
	}
	return d.unchanged(ctx, revision)
}

// unchanged makes sure that the pull request left the original weights alone.
func (d *Demo) unchanged(ctx context.Context, revision string) error {
	body, err := d.user.Download(ctx, repo, revision, "pytorch_model.bin", 0, -1)
	if err != nil {
		return fmt.Errorf("read the original weights: %w", err)
	}
	content, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil {
		return err
	}
	if sha256.Sum256(content) != sha256.Sum256(weights) {
		return errors.New("the pull request changed the original weights")
	}
	return nil
}

// checkComment looks for exactly one comment by the bot on a discussion, beginning with text.
func (d *Demo) checkComment(ctx context.Context, num int, text string, address *string) error {
	discussion, err := d.user.Discussion(ctx, repo, num)
	if err != nil {
		return fmt.Errorf("read discussion %d: %w", num, err)
	}
	found := 0
	for _, e := range discussion.Events {
		if e.Type != "comment" || e.Author != botName || !strings.HasPrefix(e.Content, text) {
			continue
		}
		found++
		if address != nil {
			*address = fmt.Sprintf("%s/discussions/%d#%s", d.user.RepoURL(repo), num, e.ID)
		}
	}
	if found != 1 {
		return fmt.Errorf("%d comments by %s on discussion %d instead of 1", found, botName, num)
	}
	return nil
}

func (d *Demo) checkCI(sha string, out *Outcome) error {
	calls := d.ci.seen()
	out.CICalls = len(calls)
	if len(calls) != 1 {
		return fmt.Errorf("%d CI calls instead of 1", len(calls))
	}
	if got := calls[0].Inputs; got["model"] != repo.Name || got["sha"] != sha {
		return fmt.Errorf("the CI was called with %v instead of model %s at %s", got, repo.Name, sha)
	}
	return nil
}
