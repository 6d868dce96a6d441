package rule

import (
	"context"
	"strings"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/hub"
)

// OwnID stands where a rule's id does for what the bot does for itself, such as answering /help.
const OwnID = "hfbot"

// Help answers /help in Markdown: the commands that the rules give this repository, who may use them, and the rules that
// act by themselves. Tags are looked up only when a rule asks for some.
func (s *Set) Help(ctx context.Context, p *hub.Payload, facts expr.Facts) (string, error) {
	var commands, others []string
	for _, r := range s.Rules {
		fits, err := r.fits(ctx, p, facts)
		switch {
		case err != nil:
			return "", err
		case fits && r.Command != nil:
			commands = append(commands, r.Command.helpLine())
		case fits:
			others = append(others, "`"+r.ID+"`")
		}
	}
	var b strings.Builder
	if len(commands) > 0 {
		b.WriteString("Commands, each at the start of a line of a comment:\n\n" + strings.Join(commands, "\n") + "\n")
	} else {
		b.WriteString("There are no commands for this repository.\n")
	}
	if len(others) > 0 {
		b.WriteString("\nWithout being asked I follow the rules " + strings.Join(others, ", ") + ".\n")
	}
	b.WriteString("\n`/hfbot stop` stops me in this repository, `/hfbot stop RULE` one rule; `/hfbot start` undoes it " +
		"(people with write access).")
	return b.String(), nil
}

// fits tells whether a rule's repos take in the repository of an event.
func (r *Rule) fits(ctx context.Context, p *hub.Payload, facts expr.Facts) (bool, error) {
	m, out := &matcher{payload: p}, Outcome{}
	if m.repos(r, &out); out.anyFailed() {
		return false, nil
	}
	if r.repos.tags.empty() {
		return true, nil
	}
	tags := p.Repo.Tags
	if tags == nil {
		v, err := facts.Fact(ctx, "tags")
		if err != nil {
			return false, err
		}
		tags, _ = v.([]string)
	}
	return r.repos.tags.matches(tags), nil
}

// helpLine is a command's line in the answer to /help.
func (c *Command) helpLine() string {
	line := "- `" + c.usage() + "`"
	if help := strings.Join(strings.Fields(c.Help), " "); help != "" {
		line += ": " + help
	}
	return line + " (" + c.forWhom() + ")"
}

// forWhom says who may use a command.
func (c *Command) forWhom() string {
	var who []string
	for _, a := range c.Allow {
		switch name, named := strings.CutPrefix(a, "user:"); {
		case named:
			who = append(who, name)
		case a == "write":
			who = append(who, "people with write access")
		case a == "author":
			who = append(who, "the author of the discussion")
		default:
			who = append(who, a)
		}
	}
	return strings.Join(who, ", ")
}

// Refusal is what to tell somebody whose command does not run.
type Refusal struct {
	Command string // with its slash
	Why     string // a sentence in Markdown
	Denied  bool   // the person may not, whatever the arguments are
}

func (c *Command) denial() *Refusal {
	return &Refusal{Command: c.Name, Denied: true, Why: "`" + c.Name + "` is for " + c.forWhom() + "."}
}

func (c *Command) badArguments(err error) *Refusal {
	const longest = 300
	said := []rune(err.Error())
	if len(said) > longest {
		said = append(said[:longest], '…')
	}
	// As a block of code, so that what a stranger wrote mentions nobody and makes no links in the bot's name.
	return &Refusal{Command: c.Name, Why: "`" + c.Name + "` did not run:\n\n    " + string(said) + "\n\nUsage: `" + c.usage() + "`"}
}
