package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/internal/near"
)

// wish is what a person wants of the bot itself rather than of a rule: that it stops or starts again, and to be told
// something.
type wish struct {
	stop, start bool
	rule        string // which rule stops or starts; empty: all
	by          string // name of the person, else the id
	said        string // what was said in a comment, to be heard once; empty: it was no comment
	note        string // for the explanation
	reply       string // Markdown; empty: nothing is said
	replyKey    string // of the comment, for what is said once to a person in a discussion; empty: said once for each delivery
	always      bool   // said also where the bot was stopped
}

// wishes reads what the delivery asks of the bot itself: its own commands in a comment, a discussion of the bot's that
// somebody closed, and commands that are refused. What was read before is not obeyed again by a replay.
func (d *dispatcher) wishes(
	ctx context.Context, delivery *store.Delivery, p *hub.Payload, v *verdictOn,
) ([]wish, error) {
	if delivery.Source == store.SourceReplay || len(delivery.Explanation) > 0 || p.Discussion == nil {
		return nil, nil
	}
	closed := p.Event.Scope == "discussion" && p.Event.Action == "update" && p.Discussion.Status == "closed"
	spoken := p.Event.Action == "create" && p.Comment != nil && !p.Comment.Hidden
	if !closed && !spoken {
		return nil, nil
	}
	me, err := d.self(ctx)
	switch {
	case err != nil:
		return nil, err
	case closed && me.ID != "" && p.Discussion.Author.ID == me.ID:
		return d.closing(ctx, me, p)
	case spoken && (me.ID == "" || p.Comment.Author.ID != me.ID):
		return d.spoken(ctx, p, v)
	}
	return nil, nil
}

// closing stops the rule whose discussion or pull request a person closed.
func (d *dispatcher) closing(ctx context.Context, me account, p *hub.Payload) ([]wish, error) {
	id := store.DiscussionID(p.Repo.Ref(), p.Discussion.Num)
	made, ok, err := d.store.FindOwn(ctx, store.OwnDiscussion, id)
	if err != nil || !ok || made.Rule == "" || made.Rule == rule.OwnID {
		return nil, err
	}
	details, err := d.hub.Discussion(ctx, p.Repo.Ref(), p.Discussion.Num)
	if hub.IsNotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("find out who closed %s: %w", id, err)
	}
	who := changedBy(details, "closed")
	if who == (account{}) || who.is(me) {
		return nil, nil
	}
	return []wish{{
		stop: true, rule: made.Rule, by: nameOf(who),
		note: fmt.Sprintf("%s closed number %d, which rule %s made: the rule stops in this repository", nameOf(who),
			p.Discussion.Num, made.Rule),
	}}, nil
}

func nameOf(a account) string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

// spoken reads the bot's own commands in a comment, and the refusals of the rules' commands.
func (d *dispatcher) spoken(ctx context.Context, p *hub.Payload, v *verdictOn) ([]wish, error) {
	var list []wish
	facts := v.facts("", "")
	for _, said := range rule.Invocations(p.Comment.Content) {
		var w wish
		var err error
		switch said.Name {
		case "/help":
			w, err = d.help(ctx, p, facts)
		case "/hfbot":
			w, err = d.command(ctx, p, facts, said.Words)
		default:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("obey %s: %w", said.Name, err)
		}
		w.said = said.Name
		list = append(list, w)
	}
	for _, o := range v.Rules {
		if o.Refusal == nil || o.Rule == nil {
			continue
		}
		w := wish{
			rule: o.RuleID, reply: o.Refusal.Why, note: o.Refusal.Command + " is refused", said: "refusal of rule " + o.RuleID,
		}
		if o.Refusal.Denied {
			w.replyKey = "refused-" + p.Comment.Author.ID + "-" + o.Refusal.Command
		}
		list = append(list, w)
	}
	return list, nil
}

func (d *dispatcher) help(ctx context.Context, p *hub.Payload, facts expr.Facts) (wish, error) {
	text, err := d.rules().Help(ctx, p, facts)
	return wish{note: "/help was asked", reply: text, replyKey: "help-" + p.Comment.Author.ID, always: true}, err
}

// usage answers an /hfbot command that makes no sense.
const usage = "Usage: `/hfbot stop` or `/hfbot stop RULE`; `/hfbot start` undoes it. `/help` lists what I can do here."

// command obeys /hfbot stop and /hfbot start.
func (d *dispatcher) command(ctx context.Context, p *hub.Payload, facts expr.Facts, words []string) (wish, error) {
	author := p.Comment.Author.ID
	if len(words) == 0 || len(words) > 2 || words[0] != "stop" && words[0] != "start" {
		return wish{note: "/hfbot without a command that is known", reply: usage, replyKey: "usage-" + author, always: true}, nil
	}
	fact, err := facts.Fact(ctx, "author")
	if err != nil {
		return wish{}, err
	}
	person, _ := fact.(map[string]any)
	name, _ := person["name"].(string)
	if role, _ := person["role"].(string); !hub.Role(role).CanWrite() {
		return wish{
			note:  "/hfbot is refused",
			reply: "`/hfbot` is for people with write access.", replyKey: "refused-" + author + "-/hfbot", always: true,
		}, nil
	}
	w := wish{stop: words[0] == "stop", start: words[0] == "start", by: nameOf(account{author, name}), always: true}
	what := "every rule"
	if len(words) == 2 {
		w.rule = words[1]
		if problem := d.unknownRule(w.rule); problem != "" {
			return wish{note: "/hfbot " + words[0] + " names no rule", reply: problem, replyKey: "usage-" + author, always: true}, nil
		}
		what = "the rule `" + w.rule + "`"
	}
	w.note = fmt.Sprintf("%s wrote /hfbot %s", w.by, strings.Join(words, " "))
	w.reply = "Stopped: I leave this repository alone as to " + what + ". `/hfbot start` undoes it."
	if w.start {
		w.reply = "Started again: " + what + "."
	}
	return w, nil
}

// unknownRule says what is wrong with the name of a rule; "" when there is such a rule.
func (d *dispatcher) unknownRule(id string) string {
	var ids []string
	for _, r := range d.rules().Rules {
		if r.ID == id {
			return ""
		}
		ids = append(ids, r.ID)
	}
	if best := near.Best(id, ids); best != "" {
		return "There is no rule of that name; did you mean `" + best + "`?"
	}
	return "There is no rule of that name. `/help` lists those of this repository."
}
