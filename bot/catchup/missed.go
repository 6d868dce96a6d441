package catchup

import (
	"context"
	"fmt"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// Bounds on one look: what is beyond is left, and said.
const (
	MostRepos       = 100
	MostEvents      = 500
	mostDiscussions = 50 // of a repository, the newest ones
)

// Look is what is looked at.
type Look struct {
	Hub     *hub.Client
	Watched []hub.Watched
	Domains []string
	Since   time.Time                                              // when the bot was last called
	Until   time.Time                                              // what is said later, the Hub tells itself
	Head    func(ctx context.Context, repo string) (string, error) // the head that the bot last saw, empty: unknown
}

// Found is what a look found.
type Found struct {
	Events []Event // of each repository, the oldest first
	Repos  int     // looked at
	Cut    bool    // there was more than the bounds allow
}

// Missed looks at the watched repositories.
func Missed(ctx context.Context, look Look) (Found, error) {
	var found Found
	for repo, err := range Repos(ctx, look.Hub, look.Watched) {
		if err != nil {
			return found, err
		}
		if found.Repos == MostRepos || len(found.Events) >= MostEvents {
			found.Cut = true
			return found, nil
		}
		found.Repos++
		for _, domain := range look.Domains {
			var events []Event
			if domain == hub.DomainRepo {
				events, err = look.push(ctx, repo)
			} else {
				events, err = look.talk(ctx, repo)
			}
			if err != nil {
				return found, fmt.Errorf("look at %s: %w", repo, err)
			}
			found.Events = append(found.Events, events...)
		}
	}
	return found, nil
}

// push finds that main has another head than the one last seen.
func (l Look) push(ctx context.Context, repo hub.RepoRef) ([]Event, error) {
	info, err := l.Hub.RepoInfo(ctx, repo, "")
	if err != nil || info.SHA == "" || !info.LastModified.After(l.Since) {
		return nil, err
	}
	head, err := l.Head(ctx, repo.Name)
	if err != nil || head == info.SHA {
		return nil, err
	}
	event, err := Push(repo, info, head)
	return []Event{event}, err
}

// talk finds the discussions and comments that are newer than the last call.
func (l Look) talk(ctx context.Context, repo hub.RepoRef) ([]Event, error) {
	info, err := l.Hub.RepoInfo(ctx, repo, "")
	if err != nil {
		return nil, err
	}
	var events []Event
	seen := 0
	for summary, err := range l.Hub.Discussions(ctx, repo, hub.DiscussionFilter{Sort: "recently-created"}) {
		if err != nil || seen == mostDiscussions {
			return events, err
		}
		seen++
		closed := summary.Status == "closed" || summary.Status == "merged"
		if closed && !summary.CreatedAt.After(l.Since) {
			continue // a comment on it since is missed: looking into each old one would cost too many calls
		}
		more, err := l.inside(ctx, repo, info, summary.Num)
		if err != nil {
			return events, err
		}
		events = append(more, events...) // lists begin with the newest
	}
	return events, nil
}

// inside finds what is new in a discussion.
func (l Look) inside(ctx context.Context, repo hub.RepoRef, info *hub.RepoInfo, num int) ([]Event, error) {
	d, err := l.Hub.Discussion(ctx, repo, num)
	if err != nil {
		return nil, err
	}
	var events []Event
	first := true
	for _, e := range d.Events {
		if e.Type != "comment" {
			continue
		}
		isFirst := first
		first = false
		if !e.CreatedAt.After(l.Since) {
			continue
		}
		if e.CreatedAt.After(l.Until) {
			break
		}
		event, err := commented(repo, info, d, e)
		if isFirst {
			event, err = opened(repo, info, d)
		}
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}
