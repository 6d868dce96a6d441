package bot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// act is something the bot did itself, and why we think so; empty when it did not. With a rule, it counts only for that
// one: a person merged what the rule had proposed.
type act struct{ why, rule string }

func (a act) concerns(rule string) bool { return a.why != "" && (a.rule == "" || a.rule == rule) }

// acts finds out which events of a delivery are the bot's own, asking once for each ref.
type acts struct {
	*dispatcher
	delivery *store.Delivery
	payload  *hub.Payload
	facts    rule.FactsFor
	me       account
	known    map[[2]string]act
}

// markOwn skips the matches that are the bot's own acts, for rules that do not ask for them. It tells whether the event
// is the bot's own for every rule.
func (d *dispatcher) markOwn(
	ctx context.Context, delivery *store.Delivery, p *hub.Payload, e *rule.Explanation, facts rule.FactsFor,
) (own bool, err error) {
	a := acts{dispatcher: d, delivery: delivery, payload: p, facts: facts, known: map[[2]string]act{}}
	for i := range e.Rules {
		o := &e.Rules[i]
		if o.Verdict != rule.VerdictMatched || o.Rule == nil {
			continue
		}
		act, err := a.at(ctx, o.Ref, o.SHA)
		if err != nil {
			return false, fmt.Errorf("find out whether the bot did this itself: %w", err)
		}
		if !act.concerns(o.RuleID) {
			continue
		}
		own = own || act.rule == ""
		if !o.Rule.OwnEvents {
			skip(o, "own_event", rule.Clause{Clause: "own_events", Want: "somebody else's act", Got: act.why})
		}
	}
	return own, nil
}

// at tells whether the event at a ref and commit is the bot's own act.
func (a *acts) at(ctx context.Context, ref, sha string) (act, error) {
	key := [2]string{ref, sha}
	if known, ok := a.known[key]; ok {
		return known, nil
	}
	var err error
	if a.me, err = a.self(ctx); err != nil || a.me.ID == "" {
		return act{}, err
	}
	found, err := a.find(ctx, ref, sha)
	if err == nil {
		a.known[key] = found
	}
	return found, err
}

// find looks at who acted. Comments and new discussions carry their author. A changed discussion has the latest entry of
// its time line looked up. A push carries nobody: its commit is looked for among those the bot wrote, and then, because
// the Hub's call may arrive before the bot has noted its own commit, the commit's author is asked for.
func (a *acts) find(ctx context.Context, ref, sha string) (act, error) {
	p, bot := a.payload, "the bot ("+a.me.Name+")"
	switch scope := p.Event.Scope; {
	case p.Actor() != "" && p.Actor() != a.me.ID:
	case p.Actor() != "" && scope == "discussion":
		return act{why: bot + " opened this discussion"}, nil
	case p.Actor() != "":
		return act{why: bot + " wrote this comment"}, nil
	case scope == "discussion" && p.Event.Action == "update" && p.Discussion != nil:
		return a.ownChange(ctx)
	case strings.HasPrefix(scope, "repo.content") && sha != "":
		return a.ownCommit(ctx, ref, sha)
	}
	return act{}, nil
}

// clockSkew is how much the Hub's clock may differ from ours.
const clockSkew = 2 * time.Second

// ownChange tells whether the bot made the change of a discussion: whether it made the last one before the delivery.
func (a *acts) ownChange(ctx context.Context) (act, error) {
	d, err := a.hub.Discussion(ctx, a.payload.Repo.Ref(), a.payload.Discussion.Num)
	if hub.IsNotFound(err) {
		return act{}, nil // gone again
	} else if err != nil {
		return act{}, err
	}
	for _, e := range slices.Backward(d.Events) {
		if e.Type == "comment" || e.CreatedAt.After(a.delivery.ReceivedAt.Add(clockSkew)) {
			continue
		}
		if (account{e.AuthorID, e.Author}).is(a.me) {
			return act{why: fmt.Sprintf("the bot (%s) changed this discussion (%s)", a.me.Name, e.Type)}, nil
		}
		break
	}
	return act{}, nil
}

// mergeTitle is how the Hub titles the commit that merges a pull request.
var mergeTitle = regexp.MustCompile(`\(#(\d{1,9})\)$`)

func (a *acts) ownCommit(ctx context.Context, ref, sha string) (act, error) {
	own := act{why: "the bot (" + a.me.Name + ") made this commit"}
	if done, err := a.store.IsOwn(ctx, store.OwnCommit, sha); err != nil || done {
		return when(done, own), err
	}
	pulled, done, err := a.store.FindOwn(ctx, store.OwnPullCommit, sha)
	if err != nil || done && strings.HasPrefix(ref, "refs/pr/") {
		return when(done, own), err
	}
	if done { // it is on a branch without a merge commit
		return act{why: "somebody merged a pull request of this rule's", rule: pulled.Rule}, nil
	}
	fact, err := a.facts(ref, sha).Fact(ctx, "commit")
	if hub.IsNotFound(err) {
		return act{}, nil // gone again
	} else if err != nil {
		return act{}, err
	}
	commit, _ := fact.(map[string]any)
	title, _ := commit["title"].(string)
	if merged, err := a.mergedPull(ctx, title, sha); err != nil || merged.why != "" {
		return merged, err
	}
	authors, _ := commit["authors"].([]string)
	return when(slices.Contains(authors, a.me.Name), act{why: "the bot (" + a.me.Name + ") is the commit's author"}), nil
}

// mergedPull tells whether a commit merges a pull request that a rule made. When a person merged it, it is the act of
// that rule alone; the merge commit names the bot among its authors all the same.
func (a *acts) mergedPull(ctx context.Context, title, sha string) (act, error) {
	m := mergeTitle.FindStringSubmatch(title)
	if m == nil {
		return act{}, nil
	}
	num, err := strconv.Atoi(m[1])
	if err != nil {
		return act{}, fmt.Errorf("read the number in %q: %w", title, err)
	}
	made, ok, err := a.store.FindOwn(ctx, store.OwnDiscussion, store.DiscussionID(a.payload.Repo.Ref(), num))
	if err != nil || !ok || made.Rule == "" {
		return act{}, err
	}
	d, err := a.hub.Discussion(ctx, a.payload.Repo.Ref(), num)
	if hub.IsNotFound(err) {
		return act{}, nil
	} else if err != nil {
		return act{}, err
	}
	if d.Changes == nil || d.Changes.MergeCommitID != sha {
		return act{}, nil // only titled like a merge
	}
	if changedBy(d, "merged").is(a.me) {
		return act{why: fmt.Sprintf("the bot (%s) merged its pull request %d", a.me.Name, num)}, nil
	}
	return act{why: fmt.Sprintf("this merges pull request %d, which this rule made", num), rule: made.Rule}, nil
}

// changedBy is who last gave a discussion a status; the zero value when the time line does not tell.
func changedBy(d *hub.Discussion, status string) account {
	for _, e := range slices.Backward(d.Events) {
		if e.Type == "status-change" && e.Data["status"] == status {
			return account{ID: e.AuthorID, Name: e.Author}
		}
	}
	return account{}
}

func when(ok bool, a act) act {
	if ok {
		return a
	}
	return act{}
}
