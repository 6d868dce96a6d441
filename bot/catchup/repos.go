package catchup

import (
	"context"
	"fmt"
	"iter"

	"github.com/hfbot/hfbot/hub"
)

// ownedTypes are the kinds of repositories that a user's or organisation's webhook hears of and that have discussions.
var ownedTypes = []hub.RepoType{hub.Model, hub.Dataset, hub.Space}

// Repos lists the repositories that are watched, those of a user or organisation with the last changed first. One that is
// named but not there is left out.
func Repos(ctx context.Context, client *hub.Client, watched []hub.Watched) iter.Seq2[hub.RepoRef, error] {
	return func(yield func(hub.RepoRef, error) bool) {
		seen := map[hub.RepoRef]bool{}
		for _, w := range watched {
			for repo, err := range reposOf(ctx, client, w) {
				if err == nil && seen[repo] {
					continue
				}
				seen[repo] = true
				if !yield(repo, err) || err != nil {
					return
				}
			}
		}
	}
}

func reposOf(ctx context.Context, client *hub.Client, w hub.Watched) iter.Seq2[hub.RepoRef, error] {
	return func(yield func(hub.RepoRef, error) bool) {
		if w.Type != "user" && w.Type != "org" {
			repo := hub.RepoRef{Type: hub.RepoType(w.Type), Name: w.Name}
			exists, err := client.RepoExists(ctx, repo)
			if err != nil || exists {
				yield(repo, err)
			}
			return
		}
		for _, kind := range ownedTypes {
			for info, err := range client.Repos(ctx, kind, hub.RepoFilter{Author: w.Name, Sort: "lastModified"}) {
				if err != nil {
					yield(hub.RepoRef{}, fmt.Errorf("list the %ss of %s: %w", kind, w.Name, err))
					return
				}
				if !yield(hub.RepoRef{Type: kind, Name: info.Name}, nil) {
					return
				}
			}
		}
	}
}
