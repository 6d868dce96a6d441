package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(ciGitLab{}) }

// ciGitLab starts a pipeline on GitLab.
type ciGitLab struct{}

// gitlabIn is the inputs of ci.gitlab.
type gitlabIn struct {
	Project   string            `json:"project" required:"true" doc:"path or id of the project, such as acme/training"`
	Ref       string            `json:"ref" default:"main" doc:"branch or tag the pipeline runs on"`
	Variables map[string]string `json:"variables" doc:"variables of the pipeline"`
	Wait      bool              `json:"wait" doc:"wait for the end of the pipeline"`
	// GitLab has no idempotency keys; a variable is what a pipeline can be recognised by.
	IDVariable string        `json:"id_variable" default:"HFBOT_ID" doc:"variable that gets an id, to find the pipeline by; or empty"`
	Poll       time.Duration `json:"poll" default:"15s" doc:"how often to look while waiting"`
	APIURL     string        `json:"api_url" default:"https://gitlab.com/api/v4" doc:"API of another GitLab"`
}

// gitlabOut is the outputs of ci.gitlab.
type gitlabOut struct {
	ID         int64   `json:"id" doc:"id of the pipeline; 0 in a dry run"`
	URL        string  `json:"url" doc:"page of the pipeline"`
	Conclusion string  `json:"conclusion" doc:"state of the pipeline, such as success, failed or canceled; of one that runs, running"`
	OK         bool    `json:"ok" doc:"it succeeded"`
	Seconds    float64 `json:"seconds" doc:"how long it ran"`
}

// Validate implements actions.Validator.
func (in *gitlabIn) Validate() error {
	if in.Poll <= 0 {
		return errors.New("poll must be positive")
	}
	if err := checkWebURL(in.APIURL); err != nil {
		return fmt.Errorf("api_url: %w", err)
	}
	return nil
}

// Spec implements actions.Action.
func (ciGitLab) Spec() actions.Spec {
	return actions.Spec{
		ID:      "ci.gitlab",
		Summary: "Start a pipeline on GitLab, and wait for it if asked.",
		Description: "Calls https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline. GitLab cannot tell a call from its " +
			"repetition, so a failed one is repeated only when nothing was sent or GitLab asks for it. A step that is cut off, " +
			"also by the death of the bot, finds the pipeline that it started and goes on waiting: by its id, or among the " +
			"newest 20 of the ref by the variable `HFBOT_ID`. A project that lets nobody set variables needs " +
			"`id_variable: \"\"`; there a call that the bot died in is made again. Cancelling the run " +
			"cancels the pipeline that is waited for. A pipeline that fails is no failure of the step: see `ok`.",
		Effect:  actions.External,
		Timeout: 2 * time.Hour,
		Secrets: []actions.SecretSpec{{
			Name: "token", Required: true, Doc: "a project, group or personal access token with the scope api",
		}},
		Example: "uses: ci.gitlab\nid: ci\nwith:\n  project: acme/training\n  " +
			"variables: {DATASET: \"${{ repo.name }}\", SHA: \"${{ sha }}\"}\n  wait: true\nsecrets: {token: GITLAB_TOKEN}",
	}
}

// pipeline is GitLab's answer.
type pipeline struct {
	ID       int64   `json:"id"`
	Status   string  `json:"status"`
	URL      string  `json:"web_url"`
	Duration float64 `json:"duration"`
}

// done tells whether a pipeline has ended (https://docs.gitlab.com/api/pipelines/).
func (p pipeline) done() bool {
	switch p.Status {
	case "success", "failed", "canceled", "skipped", "manual":
		return true
	}
	return false
}

// Run implements actions.Action.
func (ciGitLab) Run(ctx context.Context, rt *actions.Runtime, in gitlabIn) (gitlabOut, error) {
	if rt.DryRun {
		return gitlabOut{}, nil
	}
	p, err := in.start(ctx, rt)
	if err != nil {
		return gitlabOut{}, errors.Join(err, in.stop(ctx, rt, p))
	}
	for in.Wait && !p.done() {
		rt.Report(0, 0, "pipeline "+p.URL+": "+p.Status)
		if err := pause(ctx, in.Poll); err != nil {
			return gitlabOut{}, errors.Join(fmt.Errorf("the pipeline %s is still %s: %w", p.URL, p.Status, err), in.stop(ctx, rt, p))
		}
		err := in.get(ctx, rt, fmt.Sprintf("/pipelines/%d", p.ID), p)
		if err != nil && actions.IsPermanent(err) {
			return gitlabOut{}, err
		}
	}
	return gitlabOut{ID: p.ID, URL: p.URL, Conclusion: p.Status, OK: p.Status == "success", Seconds: p.Duration}, nil
}

// start starts the pipeline, unless an earlier attempt did.
func (in gitlabIn) start(ctx context.Context, rt *actions.Runtime) (*pipeline, error) {
	p := &pipeline{}
	if id, err := strconv.ParseInt(fmt.Sprint(rt.Kept["pipeline"]), 10, 64); err == nil {
		err := in.get(ctx, rt, fmt.Sprintf("/pipelines/%d", id), p)
		if !actions.IsPermanent(err) {
			p.ID = id // to stop it by, also when it was cancelled before GitLab answered
		}
		return p, nothingStarted(err)
	}
	if rt.Kept["asked"] == true && in.IDVariable != "" {
		if found, err := in.find(ctx, rt); err != nil || found != nil {
			return found, nothingStarted(err)
		}
	}
	if err := rt.Remember(ctx, map[string]any{"asked": true}); err != nil {
		return nil, nothingStarted(err)
	}
	variables := []map[string]string{}
	for key, value := range in.Variables {
		variables = append(variables, map[string]string{"key": key, "value": value})
	}
	if in.IDVariable != "" {
		variables = append(variables, map[string]string{"key": in.IDVariable, "value": stepID(rt)})
	}
	body, err := json.Marshal(map[string]any{"ref": in.Ref, "variables": variables})
	if err != nil {
		return nil, actions.Permanent(err)
	}
	if err := in.call(ctx, rt, http.MethodPost, "/pipeline", body, p); err != nil {
		return p, err
	}
	return p, rt.Remember(ctx, map[string]any{"asked": true, "pipeline": strconv.FormatInt(p.ID, 10)})
}

// stop ends the pipeline of a run that was cancelled, also one whose start was not answered any more
// (https://docs.gitlab.com/api/pipelines/#cancel-all-jobs-for-a-pipeline). To cancel one that has ended does nothing.
func (in gitlabIn) stop(ctx context.Context, rt *actions.Runtime, p *pipeline) error {
	return ifCancelled(ctx, "the pipeline", func(ctx context.Context) (err error) {
		if (p == nil || p.ID == 0) && in.IDVariable != "" {
			p, err = in.find(ctx, rt)
		}
		if err != nil || p == nil || p.ID == 0 {
			return err
		}
		return in.call(ctx, rt, http.MethodPost, fmt.Sprintf("/pipelines/%d/cancel", p.ID), nil, nil)
	})
}

// lookedThrough is how many of the newest pipelines are looked through for one that an earlier attempt started.
const lookedThrough = 20

// find finds the pipeline that an earlier attempt started just before the bot died, by the variable that it was given; nil
// without one.
func (in gitlabIn) find(ctx context.Context, rt *actions.Runtime) (*pipeline, error) {
	query := url.Values{"source": {"api"}, "ref": {in.Ref}, "per_page": {strconv.Itoa(lookedThrough)}}
	var newest []pipeline
	if err := in.get(ctx, rt, "/pipelines?"+query.Encode(), &newest); err != nil {
		return nil, err
	}
	for _, p := range newest {
		var variables []struct{ Key, Value string }
		if err := in.get(ctx, rt, fmt.Sprintf("/pipelines/%d/variables", p.ID), &variables); err != nil {
			return nil, err
		}
		for _, v := range variables {
			if v.Key == in.IDVariable && v.Value == stepID(rt) {
				return &p, nil
			}
		}
	}
	return nil, nil
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// get reads below the project.
func (in gitlabIn) get(ctx context.Context, rt *actions.Runtime, path string, out any) error {
	return in.call(ctx, rt, http.MethodGet, path, nil, out)
}

// call calls GitLab below the project.
func (in gitlabIn) call(ctx context.Context, rt *actions.Runtime, method, path string, body []byte, out any) error {
	refused := "the ref must exist and its .gitlab-ci.yml must have jobs for it"
	if in.IDVariable != "" {
		refused += "; where a project lets nobody set variables, give none and id_variable: \"\""
	}
	return apiCall(ctx, rt, apiRequest{
		who: "GitLab", method: method, body: body,
		address: strings.TrimSuffix(in.APIURL, "/") + "/projects/" + url.PathEscape(in.Project) + path,
		headers: map[string]hub.Secret{"Private-Token": rt.Secret("token")},
		hints: map[int]string{
			http.StatusUnauthorized: "the token is wrong or expired",
			http.StatusForbidden:    "the token lacks the scope api, or the right to run pipelines",
			http.StatusNotFound:     "the project does not exist, or the token may not see it",
			http.StatusBadRequest:   refused,
		},
	}, out)
}
