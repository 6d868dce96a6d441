package cmd

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// checkRights asks the Hub whether the token sees the repositories that rules name whole, and may do there what each step
// needs. What a step without effects would need is not asked for.
func (d *doctor) checkRights(ctx context.Context) []finding {
	if d.client == nil || d.rules == nil {
		return []finding{{"rights", checkSkip, "needs a token and rules", ""}}
	}
	r := rights{client: d.client, answers: map[question]error{}}
	var found []finding
	for _, one := range d.rules.Rules {
		found = append(found, r.unseen(ctx, one, d.rules.Only(one.ID).Interest().Repos)...)
		for i := range one.Steps {
			if e, ok := actions.Default.Get(one.Steps[i].Uses); ok && e.Spec.Access != actions.Anybody && !one.DryRun {
				found = append(found, r.lacking(ctx, one, i, e.Spec.Access, d.rules.Only(one.ID).Interest().Repos)...)
			}
		}
	}
	if len(found) == 0 {
		text := fmt.Sprintf("enough for all steps on the repositories that rules name whole (%d)", len(d.rules.Interest().Repos))
		found = []finding{{"rights", checkOK, text, ""}}
	}
	return found
}

// question is what the Hub was asked for.
type question struct {
	repo   hub.RepoRef
	access hub.Access
}

// rights asks the Hub each question once.
type rights struct {
	client  *hub.Client
	answers map[question]error
}

func (r *rights) ask(ctx context.Context, repo hub.RepoRef, access hub.Access) (again bool, err error) {
	q := question{repo, access}
	if err, again = r.answers[q]; !again {
		err = r.client.CheckAccess(ctx, repo, access)
		r.answers[q] = err
	}
	return again, err
}

// unseen reports the repositories of a rule that the token does not see. One whose type the rule leaves open may be of
// another type than is asked for.
func (r *rights) unseen(ctx context.Context, one *rule.Rule, repos []rule.Repo) (found []finding) {
	for _, repo := range repos {
		if again, err := r.ask(ctx, refOf(repo), hub.AccessRead); !again && hub.IsNotFound(err) && repo.Type != "" {
			found = append(found, finding{
				"rights", checkFail, fmt.Sprintf("rule %q: %s is not there, or the token may not see it", one.ID, refOf(repo)),
				"look at the name in the rules, and whether the token may read it",
			})
		}
	}
	return found
}

func refOf(r rule.Repo) hub.RepoRef {
	return hub.RepoRef{Type: hub.RepoType(cmp.Or(r.Type, string(hub.Model))), Name: r.Name}
}

// lacking reports what a step may not do that it needs, on the repository it names or on those of its rule.
func (r *rights) lacking(ctx context.Context, one *rule.Rule, i int, needs actions.Access, repos []rule.Repo) []finding {
	step := one.Steps[i]
	var not, unknown []string
	named, isNamed := stepTarget(step)
	switch {
	case strings.Contains(named.Name+named.Type, "${{"): // it is known when the event happens
		return nil
	case isNamed:
		repos = []rule.Repo{named}
	}
	for _, repo := range repos {
		ref := refOf(repo)
		switch _, err := r.ask(ctx, ref, hub.AccessWrite); {
		case err == nil:
		case hub.IsNotFound(err) && isNamed && repo.Type != "":
			not = append(not, ref.String()+", which is not there or not to be seen")
		case hub.IsNotFound(err): // of another type, or said already
		case hub.IsForbidden(err):
			not = append(not, ref.String())
		default:
			unknown = append(unknown, fmt.Sprintf("%s: %v", ref, err))
		}
	}
	f := finding{Name: "rights", State: checkFail, Do: "give the token, and its account, write access there (" + tokenPage + ")"}
	switch {
	case len(not) > 0:
		f.Text = "the token may not write to " + strings.Join(not, ", ")
		if needs == actions.WriteUnlessOwn {
			f.State, f.Text = checkWarn, f.Text+": it works on what the bot opened itself only"
		}
	case len(unknown) > 0:
		f.State, f.Text, f.Do = checkWarn, "whether it may write cannot be told: "+unknown[0], "try again"
	default:
		return nil
	}
	f.Text = fmt.Sprintf("rule %q, step %s (%s): %s", one.ID, cmp.Or(step.ID, strconv.Itoa(i+1)), step.Uses, f.Text)
	return []finding{f}
}

// stepTarget is the repository that the inputs of a step name. Without a type it has that of the event.
func stepTarget(step rule.Step) (rule.Repo, bool) {
	text := func(name string) string { s, _ := step.With[name].(string); return s }
	if space := text("space"); space != "" {
		return rule.Repo{Type: string(hub.Space), Name: space}, true
	}
	return rule.Repo{Type: text("repo_type"), Name: text("repo")}, text("repo") != ""
}
