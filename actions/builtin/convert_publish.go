package builtin

import (
	"context"
	"fmt"
	"slices"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// maxEarlier bounds how many of the bot's own open pull requests are read to find an earlier result.
const maxEarlier = 50

// marker is the hidden last line of the pull request's description by which it is found again. Inputs that change the
// result are part of it, so that another conversion of the same commit gets a pull request of its own.
func (c *conversion) marker() string {
	marker := "<!-- hfbot:convert sha=" + c.sha + " v1"
	variant := fmt.Sprintf("%q %q %q %q", c.in.Files, c.in.Key, c.in.Shared, c.in.DType)
	if variant != `[] "" "dedupe" "keep"` {
		marker += " variant=" + hashKey(variant)[1:]
	}
	return marker + " -->"
}

// earlier finds an open pull request of the bot with the same marker.
func (c *conversion) earlier(ctx context.Context) (out convertOut, found bool, err error) {
	me, err := ownAccount(ctx, c.rt)
	if err != nil {
		return out, false, err
	}
	read := 0
	filter := hub.DiscussionFilter{Type: "pull_request", Status: "open", Author: me.name}
	for summary, err := range c.rt.Hub.Discussions(ctx, c.repo, filter) {
		if err != nil {
			return out, false, fmt.Errorf("look for an earlier pull request in %s: %w", c.repo, err)
		}
		if read++; read > maxEarlier {
			break
		}
		pr, err := c.rt.Hub.Discussion(ctx, c.repo, summary.Num)
		if err != nil {
			return out, false, fmt.Errorf("read pull request %d of %s: %w", summary.Num, c.repo, err)
		}
		if c.recognises(pr, me) {
			out, err = c.result(ctx, pr.Num)
			return out, true, err
		}
	}
	return out, false, nil
}

// recognises tells whether a pull request is the result of an earlier attempt.
func (c *conversion) recognises(pr *hub.Discussion, me account) bool {
	i := slices.IndexFunc(pr.Events, func(e hub.DiscussionEvent) bool { return e.Type == "comment" })
	return i >= 0 && me.wrote(pr.Events[i]) && endsWith(pr.Events[i].Content, c.marker())
}

// result gives the outputs that belong to the pull request of an earlier attempt.
func (c *conversion) result(ctx context.Context, num int) (convertOut, error) {
	before := map[string]bool{}
	for entry, err := range c.rt.Hub.Tree(ctx, c.repo, c.sha) {
		if err != nil {
			return convertOut{}, fmt.Errorf("list %s at %s: %w", c.repo, c.sha, err)
		}
		before[entry.Path] = true
	}
	out := convertOut{
		PullRequest: num,
		URL:         fmt.Sprintf("%s/discussions/%d", c.rt.Hub.RepoURL(c.repo), num),
		Skipped:     []string{fmt.Sprintf("pull request %d has this conversion already", num)},
	}
	for entry, err := range c.rt.Hub.Tree(ctx, c.repo, fmt.Sprintf("refs/pr/%d", num)) {
		if err != nil {
			return convertOut{}, fmt.Errorf("list the files of pull request %d of %s: %w", num, c.repo, err)
		}
		if entry.Type == "file" && !before[entry.Path] {
			out.Files = append(out.Files, entry.Path)
		}
	}
	return out, nil
}

// publish opens the pull request, unless another run was faster or the branch moved on.
func (c *conversion) publish(ctx context.Context, done []converted, skipped []string) (convertOut, error) {
	out := convertOut{Skipped: skipped}
	in := hub.CommitInput{
		Summary: c.in.Title, Description: c.description(done, skipped), ParentCommit: c.sha, CreatePR: true,
	}
	if in.Summary == "" {
		in.Summary = defaultTitle
	}
	for _, f := range done {
		out.Files = append(out.Files, f.Path)
		in.Files = append(in.Files, f.file())
	}
	if out, found, err := c.earlier(ctx); err != nil || found {
		return out, err
	}
	if err := c.checkHead(ctx); err != nil {
		return convertOut{}, err
	}
	if c.rt.DryRun {
		return out, nil
	}
	c.rt.Report(0, 0, "opening a pull request")
	result, err := c.rt.Hub.Commit(ctx, c.repo, in)
	if hub.IsOutdated(err) {
		return convertOut{}, c.superseded("the branch moved on")
	}
	if err != nil {
		return convertOut{}, fmt.Errorf("open a pull request in %s: %w", c.repo, err)
	}
	if result.PullRequestNum == 0 {
		return convertOut{}, actions.Permanentf("the Hub answered the commit to %s without a pull request", c.repo)
	}
	out.PullRequest, out.URL = result.PullRequestNum, result.PullRequestURL
	for _, path := range result.Ignored {
		out.Files = slices.DeleteFunc(out.Files, func(f string) bool { return f == path })
		out.Skipped = append(out.Skipped, path+": the repository's .gitignore names it")
	}
	return out, nil
}
