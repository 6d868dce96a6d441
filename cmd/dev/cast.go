package dev

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/rule"
)

// plainName is the name of an account, without anything that a glob may have.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// cast is who there is on the local Hub besides the user and the bot.
type cast struct {
	orgs   []string // of which both are members
	people []string // who may read, and no more
}

// castFor finds the owners that the rules name, and the authors of their tests.
func castFor(paths []string) (cast, error) {
	set, problems := rule.Load(paths, rule.Options{Actions: actions.Default})
	if set == nil {
		return cast{}, &bot.RulesError{Problems: problems}
	}
	orgs, people := map[string]bool{OrgName: true}, map[string]bool{}
	examples := examplesOf(paths)
	for _, r := range set.Rules {
		trial := r.Trial(examples[r.ID])
		for _, glob := range append(r.Words().Names, trial.RepoName) {
			if owner, _, nested := strings.Cut(glob, "/"); nested && plainName.MatchString(owner) {
				orgs[owner] = true
			}
		}
		if plainName.MatchString(trial.Author) {
			people[trial.Author] = true
		}
	}
	for _, name := range []string{UserName, BotName} {
		delete(orgs, name)
		delete(people, name)
	}
	for name := range orgs {
		delete(people, name)
	}
	return cast{slices.Sorted(maps.Keys(orgs)), slices.Sorted(maps.Keys(people))}, nil
}

// examplesOf are the events of the tests beside the rules.
func examplesOf(paths []string) map[string]rule.Example {
	return rule.Examples(paths, rule.Options{Actions: actions.Default})
}

// Token is the token of an account on the local Hub; it opens nothing else.
func Token(name string) string { return "hf_" + name }
