package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	Poll      time.Duration     `json:"poll" default:"15s" doc:"how often to look while waiting"`
	APIURL    string            `json:"api_url" default:"https://gitlab.com/api/v4" doc:"API of another GitLab"`
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
			"repetition, so a failed one is repeated only when nothing was sent or GitLab asks for it. A pipeline that " +
			"fails is no failure of the step: see `ok`.",
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
	base := in.APIURL + "/projects/" + url.PathEscape(in.Project)
	variables := []map[string]string{}
	for key, value := range in.Variables {
		variables = append(variables, map[string]string{"key": key, "value": value})
	}
	body, err := json.Marshal(map[string]any{"ref": in.Ref, "variables": variables})
	if err != nil {
		return gitlabOut{}, actions.Permanent(err)
	}
	var p pipeline
	if err := in.call(ctx, rt, http.MethodPost, base+"/pipeline", body, &p); err != nil {
		return gitlabOut{}, err
	}
	for in.Wait && !p.done() {
		rt.Report(0, 0, "pipeline "+p.URL+": "+p.Status)
		if err := pause(ctx, in.Poll); err != nil {
			return gitlabOut{}, actions.Permanentf("the pipeline %s is still %s: %w", p.URL, p.Status, err)
		}
		err := in.call(ctx, rt, http.MethodGet, fmt.Sprintf("%s/pipelines/%d", base, p.ID), nil, &p)
		if err != nil && actions.IsPermanent(err) {
			return gitlabOut{}, err
		}
	}
	return gitlabOut{ID: p.ID, URL: p.URL, Conclusion: p.Status, OK: p.Status == "success", Seconds: p.Duration}, nil
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

// call calls GitLab.
func (in gitlabIn) call(ctx context.Context, rt *actions.Runtime, method, address string, body []byte, out any) error {
	return apiCall(ctx, rt, apiRequest{
		who: "GitLab", method: method, address: address, body: body,
		headers: map[string]hub.Secret{"Private-Token": rt.Secret("token")},
		hints: map[int]string{
			http.StatusUnauthorized: "the token is wrong or expired",
			http.StatusForbidden:    "the token lacks the scope api, or the right to run pipelines",
			http.StatusNotFound:     "the project does not exist, or the token may not see it",
			http.StatusBadRequest:   "the ref must exist and its .gitlab-ci.yml must have jobs for it",
		},
	}, out)
}

// apiRequest is a call of a JSON API.
type apiRequest struct {
	who     string // for errors
	method  string
	address string
	body    []byte
	headers map[string]hub.Secret
	hints   map[int]string // what to do about a status
}

// maxAPIAnswer bounds an answer that is decoded, in bytes.
const maxAPIAnswer = 4 << 20

// apiCall makes the call, without following redirects, and decodes the answer.
func apiCall(ctx context.Context, rt *actions.Runtime, r apiRequest, out any) error {
	req, err := http.NewRequestWithContext(ctx, r.method, r.address, bytes.NewReader(r.body))
	if err != nil {
		return actions.Permanent(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range r.headers {
		req.Header.Set(name, value.Reveal())
	}
	resp, err := withoutRedirects(rt.HTTP).Do(req)
	if err != nil {
		return unsent(fmt.Errorf("call %s: %w", r.who, err))
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxAPIAnswer))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", r.who, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		err := refusal(resp, content)
		if hint := r.hints[resp.StatusCode]; hint != "" {
			err = fmt.Errorf("%w: %s", err, hint)
		}
		return err
	}
	if err := json.Unmarshal(content, out); err != nil {
		return fmt.Errorf("%s gave an answer that is no JSON: %w", r.who, err)
	}
	return nil
}
