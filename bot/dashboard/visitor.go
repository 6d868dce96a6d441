package dashboard

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

const (
	publicShown = 20
	publicRules = 100
)

// visitorPage is what everybody may see of a public bot: nothing that names a private repository.
type visitorPage struct {
	Host   string
	Rules  []publicRule
	More   int
	Owners []string // users and organisations whose repositories the rules name
	Events []publicEvent
}

// publicRule is what a rule does, without the names and conditions in it, which may be private.
type publicRule struct {
	When string
	Does []string // summaries of its actions
}

// publicEvent is a delivery of a public repository.
type publicEvent struct {
	store.Delivery
	Matched, Skipped int
	States           []store.Run
	Page             string // the repository's on the Hub
}

// happenings are the events of the Hub as visitors say them.
var happenings = map[string]string{
	"repo.create": "repository made", "repo.delete": "repository deleted", "repo.move": "repository renamed",
	"repo.content.update": "files changed", "repo.config.update": "settings changed",
	"discussion.create": "discussion opened", "discussion.update": "discussion changed", "discussion.delete": "discussion deleted",
	"discussion.comment.create": "comment written", "discussion.comment.update": "comment changed",
}

// Happened says in plain words what the event is.
func (e publicEvent) Happened() string {
	name := e.Scope + "." + e.Action
	return cmp.Or(happenings[name], name)
}

// visitor is the page.
func (d *Dashboard) visitor(c echo.Context) error {
	data := visitorPage{Host: d.PublicHost}
	owners := map[string]bool{}
	all := d.Rules().Rules
	for i, r := range all {
		words := r.Words()
		if i < publicRules {
			data.Rules = append(data.Rules, publicRule{When: words.When, Does: d.does(r)})
		} else {
			data.More++
		}
		for _, name := range words.Names {
			// Of "acme/*" everybody may know acme; any longer name may be that of a private repository.
			if owner, rest, ok := strings.Cut(name, "/"); ok && (rest == "*" || rest == "**") && !strings.ContainsAny(owner, "*?[{") {
				owners[owner] = true
			}
		}
	}
	data.Owners = slices.Sorted(maps.Keys(owners))
	data.Owners = data.Owners[:min(len(data.Owners), publicRules)]
	var err error
	if data.Events, err = d.publicEvents(c.Request().Context()); err != nil {
		return err
	}
	return d.show(c, http.StatusOK, "visitor", &page{Title: "This is a bot", Public: true, Static: true, Data: data})
}

// does says in plain words what the steps of a rule do, each action once.
func (d *Dashboard) does(r *rule.Rule) []string {
	var list []string
	for _, s := range r.Steps {
		words := s.Uses
		if e, ok := d.Actions.Get(s.Uses); ok {
			words = e.Spec.Summary
		}
		if !slices.Contains(list, words) {
			list = append(list, words)
		}
	}
	return list
}

func (d *Dashboard) publicEvents(ctx context.Context) ([]publicEvent, error) {
	list, err := d.Store.PublicDeliveries(ctx, publicShown)
	if err != nil {
		return nil, err
	}
	runs, err := d.Store.RunsOf(ctx, list)
	if err != nil {
		return nil, err
	}
	events := make([]publicEvent, len(list))
	for i, one := range list {
		e := publicEvent{Delivery: one, States: runs[one.ID], Page: d.hubPage(one.RepoType, one.Repo)}
		for _, v := range one.Verdicts {
			switch v {
			case "matched":
				e.Matched++
			case "skipped":
				e.Skipped++
			}
		}
		events[i] = e
	}
	return events, nil
}
