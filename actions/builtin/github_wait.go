package builtin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// githubRun is a run of a workflow
// (https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository).
type githubRun struct {
	ID         int64     `json:"id"`
	Title      string    `json:"display_title"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion"`
	URL        string    `json:"html_url"`
	Started    time.Time `json:"run_started_at"`
	Updated    time.Time `json:"updated_at"`
}

// findTries is how often a run is looked for after it was started, before its workflow is taken not to show the id.
const findTries = 40

// start starts the workflow, unless an earlier attempt did, and gives its run; nil when GitHub does not tell which it is.
func (in githubIn) start(ctx context.Context, rt *actions.Runtime) (*githubRun, error) {
	if id, err := strconv.ParseInt(fmt.Sprint(rt.Kept["run"]), 10, 64); err == nil {
		page, _ := rt.Kept["url"].(string)
		return &githubRun{ID: id, URL: page}, nil
	}
	if in.IDInput != "" {
		if run, err := in.find(ctx, rt); err != nil || run != nil {
			return run, nothingStarted(err)
		}
		if in.Workflow != "" {
			in.Inputs = withKey(in.Inputs, in.IDInput, stepID(rt))
		} else {
			in.Payload = withKey(in.Payload, in.IDInput, stepID(rt))
		}
	}
	run, err := in.dispatch(ctx, rt)
	if err != nil || run == nil {
		return nil, err
	}
	return run, rt.Remember(ctx, map[string]any{"run": strconv.FormatInt(run.ID, 10), "url": run.URL})
}

// wait waits for the end of a run; nil is one that is still to be found. With an error it gives the run as far as it is known.
func (in githubIn) wait(ctx context.Context, rt *actions.Runtime, run *githubRun) (*githubRun, error) {
	if run == nil && in.IDInput == "" {
		return nil, actions.Permanentf("the workflow was started, but this GitHub server does not tell which run it is: give id_input")
	}
	for tries := 0; run == nil || run.Status != "completed"; tries++ {
		if run == nil && tries > findTries {
			return nil, actions.Permanentf("the workflow was started, but no run of %s shows the id in its name: "+
				"it needs run-name with ${{ inputs.%s }}", in.Repository, in.IDInput)
		}
		if run == nil || run.Status != "" { // one that an earlier attempt started is asked for at once
			if err := pause(ctx, in.Poll); err != nil {
				return run, fmt.Errorf("wait for the workflow: %w", err)
			}
		}
		now, err := in.look(ctx, rt, run)
		if err != nil && actions.IsPermanent(err) {
			return run, err
		}
		switch {
		case now != nil:
			run = now
			rt.Report(0, 0, run.URL+": "+run.Status)
		case run != nil:
			run.Status = "unknown"
		}
	}
	return run, nil
}

// look reads a run, or looks for it; nil when it is not there yet.
func (in githubIn) look(ctx context.Context, rt *actions.Runtime, run *githubRun) (*githubRun, error) {
	if run == nil {
		return in.find(ctx, rt)
	}
	now := &githubRun{}
	if err := in.read(ctx, rt, "/actions/runs/"+strconv.FormatInt(run.ID, 10), now); err != nil {
		return nil, err
	}
	return now, nil
}

// withKey is a copy of m with one more key.
func withKey(m map[string]any, key string, value any) map[string]any {
	more := map[string]any{key: value}
	for k, v := range m {
		if k != key {
			more[k] = v
		}
	}
	return more
}

// find finds the run that has the step's id in its name; nil when there is none among the newest.
func (in githubIn) find(ctx context.Context, rt *actions.Runtime) (*githubRun, error) {
	query := url.Values{"event": {"repository_dispatch"}, "per_page": {"50"}}
	if in.Workflow != "" {
		query.Set("event", "workflow_dispatch")
	}
	var list struct {
		Runs []githubRun `json:"workflow_runs"`
	}
	if err := in.read(ctx, rt, "/actions/runs?"+query.Encode(), &list); err != nil {
		return nil, err
	}
	for i := range list.Runs {
		if strings.Contains(list.Runs[i].Title, stepID(rt)) {
			return &list.Runs[i], nil
		}
	}
	return nil, nil
}

// stopTries is how often a run is looked for that is to be cancelled: one that was just started is not listed at once.
const stopTries = 3

// stop ends the workflow of a run that was cancelled, also one whose start was not answered any more, if its name tells
// (https://docs.github.com/en/rest/actions/workflow-runs#cancel-a-workflow-run).
func (in githubIn) stop(ctx context.Context, rt *actions.Runtime, run *githubRun) error {
	return ifCancelled(ctx, "the workflow's run", func(ctx context.Context) (err error) {
		for try := 0; run == nil && in.IDInput != "" && try < stopTries; try++ {
			if err := pause(ctx, time.Duration(try)*time.Second/2); err != nil {
				return err
			}
			if run, err = in.find(ctx, rt); err != nil {
				return err
			}
		}
		if run == nil {
			return nil
		}
		r := in.below(rt, http.MethodPost, fmt.Sprintf("/actions/runs/%d/cancel", run.ID))
		r.alsoOK = http.StatusConflict // it has ended
		return apiCall(ctx, rt, r, nil)
	})
}

// read reads below the repository.
func (in githubIn) read(ctx context.Context, rt *actions.Runtime, path string, out any) error {
	return apiCall(ctx, rt, in.below(rt, http.MethodGet, path), out)
}

// below is a call below the repository.
func (in githubIn) below(rt *actions.Runtime, method, path string) apiRequest {
	permission := "read"
	if method != http.MethodGet {
		permission = "write"
	}
	return apiRequest{
		who: "GitHub", method: method, address: strings.TrimSuffix(in.APIURL, "/") + "/repos/" + in.Repository + path,
		headers: map[string]hub.Secret{"Authorization": "Bearer " + rt.Secret("token")},
		hints: map[int]string{
			http.StatusUnauthorized: "the token is wrong or expired",
			http.StatusForbidden:    "the token lacks the permission Actions (" + permission + ")",
			http.StatusNotFound:     "the repository or run does not exist, or the token may not see it",
		},
	}
}
