package dev

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/rule"
)

// plainName is the name of an organisation, without anything that a glob may have.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// organisations are the owners that the rules name, other than the user.
func organisations(paths []string) ([]string, error) {
	set, problems := rule.Load(paths, rule.Options{Actions: actions.Default})
	if set == nil {
		return nil, &bot.RulesError{Problems: problems}
	}
	var names []string
	for _, r := range set.Rules {
		for _, glob := range append(r.Words().Names, r.Trial().RepoName) {
			owner, _, nested := strings.Cut(glob, "/")
			if nested && plainName.MatchString(owner) && owner != UserName && owner != BotName {
				names = append(names, owner)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
