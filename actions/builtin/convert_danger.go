package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
)

// maxDangers bounds the checkpoints that one report lists.
const maxDangers = 50

// refuseDangerous reports checkpoints that run code when they are loaded, and is the step's error.
func (c *conversion) refuseDangerous(ctx context.Context, dangers []*convert.RefusedError) error {
	var texts []string
	for _, d := range dangers[:min(len(dangers), maxDangers)] {
		texts = append(texts, d.Error())
	}
	failure := actions.Permanentf("%s; nothing was converted", strings.Join(texts, "; "))
	if c.rt.DryRun {
		return failure
	}
	num, err := c.reportDanger(ctx, dangers)
	switch {
	case isDisabled(err):
		return actions.Permanentf("%w; it is not reported, because %s", failure, discussionsDisabled)
	case err != nil:
		return fmt.Errorf("report what is dangerous in %s (%s): %w", c.repo, strings.Join(texts, "; "), err)
	}
	return actions.Permanentf("%w; reported in discussion %d", failure, num)
}

// reportDanger says it where it belongs: in the pull request whose files these are, else in a discussion of the
// repository. It says so once for the same files, and no more after a person has closed a report.
func (c *conversion) reportDanger(ctx context.Context, dangers []*convert.RefusedError) (num int, err error) {
	me, err := ownAccount(ctx, c.rt)
	if err != nil {
		return 0, err
	}
	text, marker, err := c.dangerReport(ctx, dangers)
	if err != nil {
		return 0, err
	}
	if n, ok := strings.CutPrefix(c.branch, "refs/pr/"); ok {
		if _, err := fmt.Sscanf(n, "%d", &num); err == nil {
			return num, c.commentDanger(ctx, num, me, text, marker)
		}
	}
	read := 0
	for summary, err := range c.rt.Hub.Discussions(ctx, c.repo, hub.DiscussionFilter{Type: "discussion", Author: me.name}) {
		if err != nil {
			return 0, err
		}
		if read++; read > maxEarlier {
			break
		}
		d, err := c.rt.Hub.Discussion(ctx, c.repo, summary.Num)
		if err != nil {
			return 0, err
		}
		opening := openingComment(d)
		if opening == nil || !me.wrote(*opening) || !strings.Contains(opening.Content, dangerMarker) {
			continue
		}
		if endsWith(opening.Content, marker) || d.Status == "closed" && closedBy(d, me, c.rt.StartedAgain) != "" {
			return d.Num, nil
		}
	}
	ref, err := c.rt.Hub.CreateDiscussion(ctx, c.repo, hub.CreateDiscussionInput{
		Title: "Weights that run code when they are loaded", Description: text,
	})
	if err != nil {
		return 0, err
	}
	return ref.Num, nil
}

// commentDanger writes the report into a pull request, once.
func (c *conversion) commentDanger(ctx context.Context, num int, me account, text, marker string) error {
	d, err := c.rt.Hub.Discussion(ctx, c.repo, num)
	if err != nil {
		return err
	}
	for _, e := range d.Events {
		if e.Type == "comment" && me.wrote(e) && endsWith(e.Content, marker) {
			return nil
		}
	}
	_, err = c.rt.Hub.Comment(ctx, c.repo, num, text)
	return err
}

// dangerMarker begins the hidden last line of a report.
const dangerMarker = "<!-- hfbot:dangerous "

// dangerReport is the text of a report with its marker, which depends on the bytes of the files.
func (c *conversion) dangerReport(
	ctx context.Context, dangers []*convert.RefusedError,
) (text, marker string, err error) {
	var b strings.Builder
	b.WriteString("Python runs code from these files as soon as they are loaded with `torch.load` or `pickle`, unless " +
		"`weights_only=True` stops it. The bot did not run them and converts nothing here.\n\n" +
		"| file | SHA-256 | what it says |\n|---|---|---|\n")
	all := sha256.New()
	for i, d := range dangers {
		sum, err := c.sum(ctx, d.Path)
		if err != nil {
			return "", "", err
		}
		fmt.Fprintf(all, "%q %s\n", d.Path, sum)
		if i < maxDangers {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", code(d.Path), code(sum), code(d.Plan.Reason))
		}
	}
	for _, d := range dangers[:min(len(dangers), maxDangers)] {
		if list := fmt.Sprintf("\n- %s names %s\n", code(d.Path), list(d.Plan.Globals)); b.Len()+len(list) < maxComment/2 {
			b.WriteString(list)
		}
	}
	marker = fmt.Sprintf("%sfiles=%s v1 -->", dangerMarker, hex.EncodeToString(all.Sum(nil)[:16]))
	fmt.Fprintf(&b, "\nSeen at commit `%s`. To look for yourself, without running anything: `hfbot inspect %s@%s`. "+
		"If this is known and meant, close this discussion.\n\n%s", c.sha, c.repo.Name, c.sha, marker)
	return b.String(), marker, nil
}

// isDisabled tells whether the Hub refuses because the repository's owner switched discussions off, which it answers
// with 403 and a text (https://github.com/huggingface/transformers/issues/44403).
func isDisabled(err error) bool {
	var answer *hub.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden &&
		strings.Contains(strings.ToLower(answer.Message), "disabled")
}
