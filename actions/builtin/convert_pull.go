package builtin

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// maxEarlier bounds how many of the bot's own pull requests are read to find an earlier result.
const maxEarlier = 50

// marker is the hidden last line of the pull request's description by which it is found again. Inputs that change the
// result are part of it, so that another conversion of the same commit gets a pull request of its own.
func (c *conversion) marker() string {
	return "<!-- hfbot:convert sha=" + c.sha + " v1" + c.variant() + " -->"
}

// variant tells apart conversions with different inputs.
func (c *conversion) variant() string {
	variant := fmt.Sprintf("%q %q %q %q", c.in.Files, c.in.Key, cmp.Or(c.in.Shared, "dedupe"), cmp.Or(c.in.DType, "keep"))
	if c.in.MaxShard != "" {
		variant += fmt.Sprintf(" %d", c.in.options().MaxShard)
	}
	if variant == `[] "" "dedupe" "keep"` {
		return ""
	}
	return " variant=" + hashKey(variant)[1:]
}

// anyMarker is the marker of any conversion.
var anyMarker = regexp.MustCompile(`<!-- hfbot:convert sha=([0-9a-f]{40}) v1( variant=[0-9a-f]+)? -->\s*$`)

// before is what earlier runs left in the repository.
type before struct {
	same     *hub.Discussion // open, for this very commit and these inputs
	outdated *hub.Discussion // open, for another commit and these inputs
	closed   string          // why nothing more is to be done: a person closed one
}

// earlier looks at the bot's own pull requests.
func (c *conversion) earlier(ctx context.Context) (found before, err error) {
	me, err := ownAccount(ctx, c.rt)
	if err != nil {
		return found, err
	}
	read := 0
	for summary, err := range c.rt.Hub.Discussions(ctx, c.repo, hub.DiscussionFilter{Type: "pull_request", Author: me.name}) {
		if isDisabled(err) {
			return before{closed: discussionsDisabled}, nil
		}
		if err != nil {
			return found, fmt.Errorf("look for an earlier pull request in %s: %w", c.repo, err)
		}
		if summary.Status == "merged" || !summary.IsPullRequest {
			continue
		}
		if read++; read > maxEarlier {
			break
		}
		pr, err := c.rt.Hub.Discussion(ctx, c.repo, summary.Num)
		if err != nil {
			return found, fmt.Errorf("read pull request %d of %s: %w", summary.Num, c.repo, err)
		}
		c.sort(pr, me, &found)
		if found.closed != "" {
			return found, nil
		}
	}
	return found, nil
}

// sort decides what a pull request means for this conversion.
func (c *conversion) sort(pr *hub.Discussion, me account, found *before) {
	opening := openingComment(pr)
	if opening == nil || !me.wrote(*opening) {
		return
	}
	mark := anyMarker.FindStringSubmatch(opening.Content)
	switch {
	case mark == nil:
	case pr.Status == "closed":
		if who := closedBy(pr, me, c.rt.StartedAgain); who != "" {
			found.closed = fmt.Sprintf("%s closed pull request %d, so the bot converts nothing here until it is opened again "+
				"or somebody comments /hfbot start", who, pr.Num)
		}
	case mark[2] != c.variant():
	case mark[1] == c.sha:
		found.same = pr
	case found.outdated == nil || pr.Num > found.outdated.Num:
		found.outdated = pr
	}
}

// openingComment is the description of a discussion.
func openingComment(d *hub.Discussion) *hub.DiscussionEvent {
	i := slices.IndexFunc(d.Events, func(e hub.DiscussionEvent) bool { return e.Type == "comment" })
	if i < 0 {
		return nil
	}
	return &d.Events[i]
}

// closedBy names who closed a discussion; empty when that was the bot itself, or before people asked it to start again.
func closedBy(d *hub.Discussion, me account, startedAgain time.Time) string {
	who := "somebody"
	for _, e := range d.Events {
		if e.Type != "status-change" || e.Data["status"] != "closed" {
			continue
		}
		who = cmp.Or(e.Author, "somebody")
		if me.wrote(e) || e.CreatedAt.Before(startedAgain) {
			who = ""
		}
	}
	return who
}

// result gives the outputs that belong to the pull request of an earlier attempt.
func (c *conversion) result(ctx context.Context, num int) (convertOut, error) {
	if err := c.list(ctx); err != nil {
		return convertOut{}, err
	}
	out := convertOut{
		PullRequest: num, URL: c.discussionURL(num),
		Skipped: []string{fmt.Sprintf("pull request %d has this conversion already", num)},
	}
	for entry, err := range c.rt.Hub.Tree(ctx, c.repo, pullRef(num)) {
		if err != nil {
			return convertOut{}, fmt.Errorf("list the files of pull request %d of %s: %w", num, c.repo, err)
		}
		if _, was := c.files[entry.Path]; entry.Type == "file" && !was {
			out.Files = append(out.Files, entry.Path)
		}
	}
	return out, nil
}

func (c *conversion) discussionURL(num int) string {
	return fmt.Sprintf("%s/discussions/%d", c.rt.Hub.RepoURL(c.repo), num)
}

func pullRef(num int) string { return fmt.Sprintf("refs/pr/%d", num) }

// publish opens the pull request or brings an earlier one up to date, unless another run was faster, somebody closed
// one meanwhile, or the branch moved on.
func (c *conversion) publish(ctx context.Context, done []converted, skipped []string) (convertOut, error) {
	out := convertOut{Skipped: skipped}
	for _, f := range done {
		if f.ignored {
			out.Skipped = append(out.Skipped, f.Path+": the repository's .gitignore names it")
		} else {
			out.Files = append(out.Files, f.Path)
		}
	}
	done = slices.DeleteFunc(done, func(f converted) bool { return f.ignored })
	found, err := c.earlier(ctx)
	switch {
	case err != nil:
		return convertOut{}, err
	case found.closed != "":
		return convertOut{Skipped: []string{found.closed}}, nil
	case found.same != nil:
		return c.result(ctx, found.same.Num)
	}
	if why, err := c.checkHead(ctx); err != nil || why != "" {
		return convertOut{Skipped: []string{why}}, err
	}
	if c.rt.DryRun || len(done) == 0 {
		return out, nil
	}
	if found.outdated != nil {
		out.PullRequest, out.URL = found.outdated.Num, c.discussionURL(found.outdated.Num)
		return out, c.renew(ctx, found.outdated, done, skipped)
	}
	return c.propose(ctx, out, done)
}

// propose opens a pull request.
func (c *conversion) propose(ctx context.Context, out convertOut, done []converted) (convertOut, error) {
	c.rt.Report(c.meter.total, c.meter.total, "opening a pull request")
	in := hub.CommitInput{
		Summary: cmp.Or(c.in.Title, defaultTitle), Description: c.description(done, out.Skipped), ParentCommit: c.sha,
		CreatePR: true,
	}
	for _, f := range done {
		in.Files = append(in.Files, f.CommitFile)
	}
	result, err := c.rt.Hub.Commit(ctx, c.repo, in)
	switch {
	case hub.IsOutdated(err):
		return convertOut{}, c.superseded("the branch moved on")
	case isDisabled(err):
		return convertOut{Skipped: []string{discussionsDisabled}}, nil
	case err != nil:
		return convertOut{}, fmt.Errorf("open a pull request in %s: %w", c.repo, err)
	case result.PullRequestNum == 0:
		return convertOut{}, actions.Permanentf("the Hub answered the commit to %s without a pull request", c.repo)
	}
	out.PullRequest, out.URL = result.PullRequestNum, result.PullRequestURL
	for _, path := range result.Ignored {
		out.Files = slices.DeleteFunc(out.Files, func(f string) bool { return f == path })
		out.Skipped = append(out.Skipped, path+": the repository's .gitignore names it")
	}
	return out, nil
}
