package subscription

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// everyType is what a repository without a type may be.
var everyType = []string{"model", "dataset", "space"}

// Watched is what a webhook has to watch for rules, and for what a person named beside them: a user or organisation, or
// TYPE:OWNER/NAME. Rules that leave open whose repositories they are for get those of home, unless a person named some.
func Watched(ctx context.Context, client *hub.Client, in rule.Interest, named []string, home string) ([]hub.Watched, error) {
	var list []hub.Watched
	namespaces := map[string]string{} // each with why it is watched
	if len(in.Open) > 0 && len(named) == 0 && home != "" {
		namespaces[home] = "whose repositories are watched because the rules do not say whose they are for (set HFBOT_WATCH or repos)"
	}
	for _, r := range in.Repos {
		types := []string{r.Type}
		if r.Type == "" {
			types = everyType
		}
		for _, t := range types {
			list = append(list, hub.Watched{Type: t, Name: r.Name})
		}
	}
	for _, n := range named {
		kind, name, ok := strings.Cut(n, ":")
		switch {
		case !ok && !strings.Contains(n, "/"):
			namespaces[n] = "which HFBOT_WATCH or --watch names"
		case ok && name != "":
			list = append(list, hub.Watched{Type: kind, Name: name})
		default:
			return nil, fmt.Errorf("watch: %q is neither a user or organisation nor TYPE:OWNER/NAME, such as model:acme/tiny", n)
		}
	}
	for _, n := range in.Namespaces {
		namespaces[n] = "whose repositories the rules name"
	}
	for _, n := range slices.Sorted(maps.Keys(namespaces)) {
		kind, err := kindOf(ctx, client, n, namespaces[n])
		if err != nil {
			return nil, err
		}
		list = append(list, hub.Watched{Type: kind, Name: n})
	}
	return list, nil
}

// kindOf tells whether a name is a user's or an organisation's. The token's own account and organisations cost no call
// of their own. An error says why the name matters.
func kindOf(ctx context.Context, client *hub.Client, name, why string) (string, error) {
	if me, err := client.WhoAmI(ctx); err == nil {
		if strings.EqualFold(me.Name, name) {
			return "user", nil
		}
		if slices.ContainsFunc(me.Orgs, func(o hub.Identity) bool { return strings.EqualFold(o.Name, name) }) {
			return "org", nil
		}
	}
	_, err := client.User(ctx, name)
	if err == nil {
		return "user", nil
	}
	if !hub.IsNotFound(err) {
		return "", fmt.Errorf("look up %s, %s: %w", name, why, err)
	}
	if _, err := client.Organization(ctx, name); err != nil {
		return "", fmt.Errorf("there is no user or organisation %s, %s: %w", name, why, err)
	}
	return "org", nil
}
