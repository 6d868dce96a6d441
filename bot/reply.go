package bot

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

// maxReplies is how often in an hour the bot speaks for itself in one repository: enough for people, and an end to two
// bots that answer one another.
const maxReplies = 20

// repliesKey is what is locked while the replies in a repository are counted.
func repliesKey(repoID string) store.Keys { return store.Keys{Rule: rule.OwnID, Rate: repoID} }

// grant does in the match transaction what people wish: it notes who stopped or started what, and says what there is to
// say in a run of its own, so that the answer survives a restart and is tried again like everything else.
func (s settlement) grant(list []wish, e *rule.Explanation) error {
	var replies []wish
	for _, w := range list {
		if w.said != "" {
			if mine, err := s.claim(w.said); err != nil {
				return err
			} else if !mine {
				e.Notes = append(e.Notes, w.note+", which another delivery told of before")
				continue
			}
		}
		e.Notes = append(e.Notes, w.note)
		if err := s.switchRule(w); err != nil {
			return err
		}
		quiet, err := s.tx.OptedOut(w.rule, s.payload.Repo.ID)
		if err != nil {
			return err
		}
		if w.reply != "" && (w.always || !quiet) {
			replies = append(replies, w)
		}
	}
	if len(replies) == 0 {
		return nil
	}
	said, err := s.tx.CountRepoRuns(rule.OwnID, s.payload.Repo.ID, s.now.Add(-time.Hour))
	if err != nil {
		return err
	}
	if said >= maxReplies {
		e.Notes = append(e.Notes, fmt.Sprintf("nothing is said: the bot answered %d times in an hour already", said))
		return nil
	}
	return s.tx.InsertRun(s.replyRun(replies))
}

func (s settlement) switchRule(w wish) error {
	switch {
	case w.stop:
		return s.tx.OptOut(w.rule, s.payload.Repo.ID, w.by)
	case w.start:
		return s.tx.OptIn(w.rule, s.payload.Repo.ID)
	}
	return nil
}

// replyRun is the run that says what there is to say, one step for each reply.
func (s settlement) replyRun(replies []wish) *store.Run {
	p := s.payload
	r := &store.Run{
		ID: uuid.Must(uuid.NewV7()).String(), DeliveryID: s.delivery.ID, Rule: rule.OwnID, Repo: p.Repo.Name,
		RepoType: string(p.Repo.Type), RepoID: p.Repo.ID, State: store.Queued, CreatedAt: s.now,
		Plan: store.Plan{Key: planKey(s.delivery, &rule.Outcome{RuleID: rule.OwnID})},
	}
	for i, w := range replies {
		with := map[string]any{"body": escaped(w.reply), "discussion": p.Discussion.Num}
		if w.replyKey != "" {
			with["key"] = w.replyKey
		}
		r.Plan.Steps = append(r.Plan.Steps, store.StepPlan{
			ID: fmt.Sprintf("#%d", i+1), Uses: "hub.comment", With: with, If: "always()", Retry: replyRetry,
		})
	}
	return r
}

// replyRetry bears with a Hub that is down for a few minutes.
var replyRetry = store.Retry{Max: 5, Backoff: 5 * time.Second, Factor: 3}

// escaped keeps what looks like a template in a text from being one.
func escaped(text string) string { return strings.ReplaceAll(text, "${{", "${{ '${{' }}") }
