package builtin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// githubRun is a run of a workflow
// (https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository).
type githubRun struct {
	Title      string    `json:"display_title"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion"`
	URL        string    `json:"html_url"`
	Started    time.Time `json:"run_started_at"`
	Updated    time.Time `json:"updated_at"`
}

// findTries is how often a run is looked for after it was started, before its workflow is taken not to show the id.
const findTries = 40

// runAndWait starts a workflow, unless an earlier try did, and waits for its end.
func (in githubIn) runAndWait(ctx context.Context, rt *actions.Runtime) (githubOut, error) {
	id := hashKey(rt.Key)[1:]
	run, err := in.find(ctx, rt, id)
	if err != nil {
		return githubOut{}, err
	}
	if run == nil {
		if in.Workflow != "" {
			in.Inputs = withKey(in.Inputs, in.IDInput, id)
		} else {
			in.Payload = withKey(in.Payload, in.IDInput, id)
		}
		path, body, err := in.dispatch()
		if err != nil {
			return githubOut{}, err
		}
		if err := in.send(ctx, rt, path, body); err != nil {
			return githubOut{}, err
		}
	}
	for tries := 0; run == nil || run.Status != "completed"; tries++ {
		if run == nil && tries > findTries {
			return githubOut{}, actions.Permanentf("the workflow was started, but no run of %s shows the id in its name: "+
				"it needs run-name with ${{ inputs.%s }}", in.Repository, in.IDInput)
		}
		if err := pause(ctx, in.Poll); err != nil {
			return githubOut{}, fmt.Errorf("wait for the workflow: %w", err)
		}
		now, err := in.find(ctx, rt, id)
		if err != nil && actions.IsPermanent(err) {
			return githubOut{}, err
		}
		if now != nil {
			run = now
			rt.Report(0, 0, run.URL+": "+run.Status)
		}
	}
	return githubOut{
		URL: run.URL, Conclusion: run.Conclusion, OK: run.Conclusion == "success",
		Seconds: max(run.Updated.Sub(run.Started).Seconds(), 0),
	}, nil
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

// find finds the run that has the id in its name; nil when there is none among the newest.
func (in githubIn) find(ctx context.Context, rt *actions.Runtime, id string) (*githubRun, error) {
	query := url.Values{"event": {"repository_dispatch"}, "per_page": {"50"}}
	if in.Workflow != "" {
		query.Set("event", "workflow_dispatch")
	}
	var list struct {
		Runs []githubRun `json:"workflow_runs"`
	}
	err := apiCall(ctx, rt, apiRequest{
		who: "GitHub", method: http.MethodGet,
		address: strings.TrimSuffix(in.APIURL, "/") + "/repos/" + in.Repository + "/actions/runs?" + query.Encode(),
		headers: map[string]hub.Secret{"Authorization": "Bearer " + rt.Secret("token")},
		hints: map[int]string{
			http.StatusUnauthorized: "the token is wrong or expired",
			http.StatusForbidden:    "the token lacks the permission Actions (read)",
			http.StatusNotFound:     "the repository does not exist, or the token may not see it",
		},
	}, &list)
	if err != nil {
		return nil, err
	}
	for i := range list.Runs {
		if strings.Contains(list.Runs[i].Title, id) {
			return &list.Runs[i], nil
		}
	}
	return nil, nil
}
