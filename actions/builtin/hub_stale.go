package builtin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubStale{}) }

// hubStale tells of discussions that nothing happens in any more, and closes them later.
type hubStale struct{}

// staleIn is the inputs of hub.stale.
type staleIn struct {
	prose
	After   time.Duration `json:"after" default:"720h" doc:"how long nothing happened before it is told"`
	Close   time.Duration `json:"close_after" default:"336h" doc:"how long after that it is closed; 0s: never"`
	Kind    string        `json:"kind" enum:"discussion,pull_request,any" default:"any" doc:"what is looked at"`
	Authors []string      `json:"not_authors" doc:"accounts whose discussions are left alone"`
	Most    int           `json:"max" default:"10" doc:"most comments and closings at a time"`
	actions.Target
}

// staleOut is the outputs of hub.stale.
type staleOut struct {
	Told   []int `json:"told" doc:"numbers of the discussions that were commented on"`
	Closed []int `json:"closed" doc:"numbers of those that were closed"`
	Open   int   `json:"open" doc:"how many open ones were looked at"`
}

const (
	maxStale       = 200  // open discussions that are read at a time, a call each
	maxStaleListed = 2000 // those that are listed to find the oldest, 50 with a call; the Hub lists the newest first only
)

// Validate implements actions.Validator.
func (in *staleIn) Validate() error {
	if in.After <= 0 || in.Close < 0 || in.Most < 1 {
		return errors.New("after and max must be positive, and close_after not negative")
	}
	return nil
}

// Spec implements actions.Action.
func (hubStale) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hub.stale",
		Summary: "Tell of discussions in which nothing happens any more, and close them later.",
		Description: "Looks through the open discussions and pull requests of the repository. Whatever anybody does in one begins " +
			"its time anew; pinned ones are left alone. At a time 2,000 are listed, the oldest 200 of them read, and `max` " +
			"changed. The Hub has no event for time that passes: let a frequent event of the repository start it, with a " +
			"`debounce` or `rate_limit`, or `hfbot send` from a scheduler.",
		Effect:     actions.HubWrite,
		Access:     actions.WriteUnlessOwn,
		Idempotent: true,
		Example: "uses: hub.stale\nwith:\n  body: Is this still of interest? It will be closed otherwise.\n" +
			"  after: 720h\n  close_after: 336h",
	}
}

// Run implements actions.Action.
func (hubStale) Run(ctx context.Context, rt *actions.Runtime, in staleIn) (staleOut, error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return staleOut{}, err
	}
	marker := keyMarker(rt, "stale", "stale")
	text, err := in.text(rt, "text", marker)
	if err != nil {
		return staleOut{}, err
	}
	me, err := ownAccount(ctx, rt)
	if err != nil {
		return staleOut{}, err
	}
	nums, err := in.old(ctx, rt, repo)
	if err != nil {
		return staleOut{}, err
	}
	out := staleOut{Told: []int{}, Closed: []int{}}
	for _, num := range nums {
		if len(out.Told)+len(out.Closed) >= in.Most {
			break
		}
		out.Open++
		if err := in.look(ctx, rt, repo, num, me, text, marker, &out); err != nil {
			return staleOut{}, err
		}
	}
	return out, nil
}

// old lists the open discussions that are old enough to be looked at, the oldest first. All are listed before any is
// closed, which would move those behind it to a page that was read already.
func (in staleIn) old(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef) (nums []int, err error) {
	filter := hub.DiscussionFilter{Status: "open"}
	if in.Kind != "any" {
		filter.Type = in.Kind
	}
	listed := 0
	for summary, err := range rt.Hub.Discussions(ctx, repo, filter) {
		if err != nil {
			return nil, fmt.Errorf("list the discussions of %s: %w", repo, err)
		}
		if listed++; listed > maxStaleListed {
			break
		}
		if summary.Pinned || time.Since(summary.CreatedAt) < in.After || matchesAny(in.Authors, summary.Author) {
			continue
		}
		nums = append(nums, summary.Num)
	}
	slices.Reverse(nums)
	return nums[:min(len(nums), maxStale)], nil
}

// look does what is due in one discussion.
func (in staleIn) look(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, num int, me account, text, marker string, out *staleOut,
) error {
	d, err := rt.Hub.Discussion(ctx, repo, num)
	if err != nil {
		return fmt.Errorf("read discussion %d of %s: %w", num, repo, err)
	}
	if len(d.Events) == 0 {
		return nil
	}
	last := d.Events[0]
	for _, e := range d.Events {
		if !e.CreatedAt.Before(last.CreatedAt) {
			last = e
		}
	}
	idle, told := time.Since(last.CreatedAt), me.wrote(last) && endsWith(last.Content, marker)
	switch {
	case told && in.Close > 0 && idle >= in.Close:
		if !rt.DryRun {
			err = rt.Hub.SetDiscussionStatus(ctx, repo, num, "closed", "")
		}
		out.Closed = append(out.Closed, num)
	case !told && idle >= in.After:
		if !rt.DryRun {
			_, err = rt.Hub.Comment(ctx, repo, num, text)
		}
		out.Told = append(out.Told, num)
	}
	if err != nil {
		return fmt.Errorf("change discussion %d of %s: %w", num, repo, err)
	}
	return nil
}
