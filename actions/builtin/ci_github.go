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
	"regexp"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(ciGitHub{}) }

// ciGitHub starts a workflow on GitHub Actions.
type ciGitHub struct{}

// githubIn is the inputs of ci.github.
type githubIn struct {
	Repository string         `json:"repository" required:"true" doc:"GitHub repository, such as acme/training"`
	Workflow   string         `json:"workflow" oneof:"trigger" doc:"file name or id of a workflow_dispatch workflow"`
	Ref        string         `json:"ref" doc:"branch or tag the workflow runs on; needed with workflow"`
	Inputs     map[string]any `json:"inputs" doc:"inputs of the workflow; what is no text is written as JSON"`
	EventType  string         `json:"event_type" oneof:"trigger" doc:"type of a repository_dispatch event"`
	Payload    map[string]any `json:"payload" doc:"client_payload of the event, at most 10 keys"`
	Wait       bool           `json:"wait" doc:"wait for the end of the run"`
	IDInput    string         `json:"id_input" doc:"input or payload key that gets an id; the run shows it in its name, to be found"`
	Poll       time.Duration  `json:"poll" default:"15s" doc:"how often to look while waiting"`
	APIURL     string         `json:"api_url" default:"https://api.github.com" doc:"API of another GitHub server"`
}

// githubOut is the outputs of ci.github.
type githubOut struct {
	URL        string  `json:"url" doc:"page of the run, or of its workflow or repository where GitHub does not tell the run"`
	Conclusion string  `json:"conclusion" doc:"how the run ended, such as success, failure or cancelled; empty without wait"`
	OK         bool    `json:"ok" doc:"the run succeeded"`
	Seconds    float64 `json:"seconds" doc:"how long the run took"`
}

// Limits of GitHub's REST API (https://docs.github.com/en/rest/actions/workflows and .../rest/repos/repos).
const (
	maxWorkflowInputs = 25
	maxPayloadKeys    = 10
	maxEventType      = 100
)

var (
	githubRepo     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
	githubWorkflow = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
)

// Validate implements actions.Validator.
func (in *githubIn) Validate() error {
	switch {
	case !githubRepo.MatchString(in.Repository):
		return fmt.Errorf("repository must be owner/name, got %q", in.Repository)
	case in.Workflow != "" && !githubWorkflow.MatchString(in.Workflow):
		return fmt.Errorf("workflow must be a file name such as train.yml or an id, got %q", in.Workflow)
	case in.Wait && in.EventType != "" && in.IDInput == "":
		return errors.New("to wait for an event's run, id_input is needed")
	case in.Poll <= 0:
		return errors.New("poll must be positive")
	case in.Workflow != "" && in.Ref == "":
		return errors.New("workflow needs a ref, such as main")
	case in.Workflow != "" && in.Payload != nil:
		return errors.New("payload belongs to event_type; a workflow takes inputs")
	case in.Workflow == "" && (in.Ref != "" || in.Inputs != nil):
		return errors.New("ref and inputs belong to workflow; an event takes payload")
	case len(in.Inputs) > maxWorkflowInputs:
		return fmt.Errorf("%d inputs; GitHub takes %d", len(in.Inputs), maxWorkflowInputs)
	case len(in.Payload) > maxPayloadKeys:
		return fmt.Errorf("%d keys in payload; GitHub takes %d: nest the others", len(in.Payload), maxPayloadKeys)
	case len(in.EventType) > maxEventType:
		return fmt.Errorf("event_type is longer than %d characters", maxEventType)
	}
	if err := checkWebURL(in.APIURL); err != nil {
		return fmt.Errorf("api_url: %w", err)
	}
	return nil
}

// Spec implements actions.Action.
func (ciGitHub) Spec() actions.Spec {
	return actions.Spec{
		ID:      "ci.github",
		Summary: "Start a workflow on GitHub Actions.",
		Description: "With `workflow`, `ref` and `inputs` it makes a workflow_dispatch event; with `event_type` and " +
			"`payload` a repository_dispatch event. GitHub cannot tell a dispatch from its repetition, so a failed call is " +
			"repeated only when nothing can have started: no connection was made, or GitHub asked to come back later. " +
			"A step that is cut off while it waits goes on waiting for the same run. With `id_input`, naming an input that the " +
			"workflow shows by `run-name: Train ${{ inputs.hfbot_id }}` (of an event: " +
			"`${{ github.event.client_payload.hfbot_id }}`), also a run is found again that was started right when the bot " +
			"died; without it such a call is made again, and a `concurrency` group in the workflow makes that harmless. To " +
			"wait, events and older GitHub Enterprise Servers need `id_input`. Cancelling the bot's run cancels the one that is " +
			"waited for. A run that fails is no failure of the step: see `ok`.",
		Effect:  actions.External,
		Timeout: 2 * time.Hour,
		Secrets: []actions.SecretSpec{{
			Name: "token", Required: true,
			Doc: "a token that may write Actions (workflow) or Contents (event_type) of the repository; to cancel an event's run, " +
				"Actions too",
		}},
		Example: "uses: ci.github\nwith:\n  repository: acme/training\n  workflow: train.yml\n  ref: main\n" +
			"  inputs: {dataset: \"${{ repo.name }}\", sha: \"${{ sha }}\"}\nsecrets: {token: GITHUB_TOKEN}",
	}
}

// Run implements actions.Action.
func (ciGitHub) Run(ctx context.Context, rt *actions.Runtime, in githubIn) (githubOut, error) {
	out := githubOut{URL: in.page()}
	if rt.DryRun {
		_, _, err := in.request(false)
		return out, err
	}
	run, err := in.start(ctx, rt)
	if err == nil && in.Wait {
		run, err = in.wait(ctx, rt, run)
	}
	if err != nil {
		return githubOut{}, errors.Join(err, in.stop(ctx, rt, run))
	}
	if run != nil {
		out.URL = run.URL
	}
	if in.Wait {
		out.Conclusion, out.OK = run.Conclusion, run.Conclusion == "success"
		out.Seconds = max(run.Updated.Sub(run.Started).Seconds(), 0)
	}
	return out, nil
}

// errNoDetails is the refusal of an older GitHub Enterprise Server, which does not know that it can be asked for the run.
var errNoDetails = errors.New("this GitHub does not tell which run it starts")

// dispatch makes the call that starts a workflow. The run is nil where GitHub does not tell which it is.
func (in githubIn) dispatch(ctx context.Context, rt *actions.Runtime) (*githubRun, error) {
	run, err := in.send(ctx, rt, in.Workflow != "" && in.Wait)
	if errors.Is(err, errNoDetails) {
		return in.send(ctx, rt, false)
	}
	return run, err
}

// startedRun reads which run was started
// (https://github.blog/changelog/2026-02-19-workflow-dispatch-api-now-returns-run-ids).
func startedRun(content []byte) *githubRun {
	var started struct {
		ID  int64  `json:"workflow_run_id"`
		URL string `json:"html_url"`
	}
	if json.Unmarshal(content, &started) != nil || started.ID == 0 {
		return nil
	}
	return &githubRun{ID: started.ID, URL: started.URL, Status: "queued"}
}

// send makes the call once; with details, it asks which run is started.
func (in githubIn) send(ctx context.Context, rt *actions.Runtime, details bool) (*githubRun, error) {
	path, body, err := in.request(details)
	if err != nil {
		return nil, err
	}
	address := strings.TrimSuffix(in.APIURL, "/") + path
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, actions.Permanent(err)
	}
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	req.Header.Set("Authorization", "Bearer "+rt.Secret("token").Reveal())
	resp, err := withoutRedirects(rt.HTTP).Do(req)
	if err != nil {
		return nil, unsent(fmt.Errorf("dispatch to %s: %w", in.Repository, err))
	}
	defer resp.Body.Close()
	content, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // the status says it all
	switch {
	case resp.StatusCode == http.StatusNoContent:
		return nil, nil
	case resp.StatusCode == http.StatusOK:
		return startedRun(content), nil
	case details && bytes.Contains(content, []byte("return_run_details")):
		return nil, errNoDetails
	}
	return nil, githubError(in, resp, content)
}

// request is the path and body of the call; with details, GitHub is asked which run it starts.
func (in githubIn) request(details bool) (path string, body []byte, err error) {
	if in.Workflow == "" {
		body, err = json.Marshal(map[string]any{"event_type": in.EventType, "client_payload": nonNil(in.Payload)})
		return "/repos/" + in.Repository + "/dispatches", body, err
	}
	inputs := map[string]string{}
	for name, value := range in.Inputs {
		if inputs[name], err = inputText(value); err != nil {
			return "", nil, actions.Permanentf("inputs.%s: %w", name, err)
		}
	}
	call := map[string]any{"ref": in.Ref, "inputs": inputs}
	if details {
		call["return_run_details"] = true
	}
	body, err = json.Marshal(call)
	return "/repos/" + in.Repository + "/actions/workflows/" + url.PathEscape(in.Workflow) + "/dispatches", body, err
}

// nonNil is m, or an empty map: GitHub refuses null.
func nonNil(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// inputText writes a workflow input, which GitHub wants as text; a workflow reads lists and maps with fromJSON.
func inputText(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

// page is the web address that belongs to the API's.
func (in githubIn) page() string {
	web := strings.TrimSuffix(strings.TrimSuffix(in.APIURL, "/"), "/api/v3") // GitHub Enterprise Server
	if web == "https://api.github.com" {
		web = "https://github.com"
	}
	page := web + "/" + in.Repository + "/actions"
	if in.Workflow != "" {
		page += "/workflows/" + url.PathEscape(in.Workflow)
	}
	return page
}
