package hub

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Stages of a Space. The set is open.
const (
	StageBuilding     = "BUILDING"
	StageBuildError   = "BUILD_ERROR"
	StageConfigError  = "CONFIG_ERROR"
	StageNoAppFile    = "NO_APP_FILE"
	StageAppStarting  = "APP_STARTING"
	StageRunning      = "RUNNING"
	StageRuntimeError = "RUNTIME_ERROR"
	StageSleeping     = "SLEEPING"
	StagePaused       = "PAUSED"
	StageStopped      = "STOPPED"
	StageDeleting     = "DELETING"
)

// failedStages are those that a Space does not leave by itself.
var failedStages = []string{
	StageBuildError, StageConfigError, StageNoAppFile, StageRuntimeError, StagePaused, StageStopped, StageDeleting,
}

// SpaceRuntime is the state that a Space is in.
type SpaceRuntime struct {
	Stage        string `json:"stage"` // StageBuilding, …; the set is open
	ErrorMessage string `json:"errorMessage"`
	Hardware     struct {
		Current   string `json:"current"`   // empty while none is assigned
		Requested string `json:"requested"` // such as "cpu-basic"
	} `json:"hardware"`
	SleepAfter int    `json:"gcTimeout"` // seconds without a visitor; 0 unknown, -1 never
	SDK        string `json:"sdk"`
	Domains    []struct {
		Domain string `json:"domain"` // where it is served, such as "acme-app.hf.space"
		Stage  string `json:"stage"`
	} `json:"domains"`
	Volumes []Volume `json:"volumes"`
}

// SpaceRuntime reads the state of a Space.
//
// GET /api/spaces/{name}/runtime
func (c *Client) SpaceRuntime(ctx context.Context, space RepoRef) (*SpaceRuntime, error) {
	runtime := &SpaceRuntime{}
	if err := c.getJSON(ctx, space.APIPath()+"/runtime", nil, runtime); err != nil {
		return nil, err
	}
	return runtime, nil
}

// RestartSpace starts a Space anew; factory builds it anew without a cache first.
//
// POST /api/spaces/{name}/restart[?factory=true]
func (c *Client) RestartSpace(ctx context.Context, space RepoRef, factory bool) error {
	request, err := c.post(space.APIPath()+"/restart", nil)
	if err != nil {
		return err
	}
	if factory {
		request.query = map[string][]string{"factory": {"true"}}
	}
	_, err = c.json(ctx, request, nil)
	return err
}

// PauseSpace stops a Space until its owner starts it again.
//
// POST /api/spaces/{name}/pause
func (c *Client) PauseSpace(ctx context.Context, space RepoRef) error {
	return c.postJSON(ctx, space.APIPath()+"/pause", nil, nil)
}

// SetSpaceSleep says after how many seconds without a visitor a Space sleeps; -1 never. The free hardware does not
// allow it to be changed.
//
// POST /api/spaces/{name}/sleeptime
func (c *Client) SetSpaceSleep(ctx context.Context, space RepoRef, seconds int) error {
	return c.postJSON(ctx, space.APIPath()+"/sleeptime", map[string]int{"seconds": seconds}, nil)
}

// SetSpaceHardware asks for other hardware, such as "cpu-upgrade".
//
// POST /api/spaces/{name}/hardware
func (c *Client) SetSpaceHardware(ctx context.Context, space RepoRef, hardware string) error {
	return c.postJSON(ctx, space.APIPath()+"/hardware", map[string]string{"flavor": hardware}, nil)
}

// SetSpaceDevMode switches the way into a running Space by SSH and VS Code on or off.
//
// POST /api/spaces/{name}/dev-mode
func (c *Client) SetSpaceDevMode(ctx context.Context, space RepoRef, enabled bool) error {
	return c.postJSON(ctx, space.APIPath()+"/dev-mode", map[string]bool{"enabled": enabled}, nil)
}

// SetSpaceVolumes replaces the list of what is mounted in a Space; without any the list is removed.
//
// PUT /api/spaces/{name}/volumes, DELETE /api/spaces/{name}/volumes
func (c *Client) SetSpaceVolumes(ctx context.Context, space RepoRef, volumes ...Volume) error {
	if len(volumes) == 0 {
		return c.changeJSON(ctx, http.MethodDelete, space.APIPath()+"/volumes", nil, nil)
	}
	return c.changeJSON(ctx, http.MethodPut, space.APIPath()+"/volumes", map[string][]Volume{"volumes": volumes}, nil)
}

// pollSpace is how often a Space is looked at by WaitForSpace.
const pollSpace = 3 * time.Second

// SpaceFailedError says that a Space came to a stage that it does not leave by itself.
type SpaceFailedError struct {
	Space   RepoRef
	Stage   string
	Message string // what the Hub says, may be empty
}

// Error implements error.
func (e *SpaceFailedError) Error() string {
	text := fmt.Sprintf("hub: %s is in stage %s", e.Space, e.Stage)
	if e.Message != "" {
		text += ": " + shorten(e.Message, maxErrorMessage)
	}
	return text + " (its logs tell more)"
}

// WaitForSpace waits until a Space is in one of the stages. It gives up with a [*SpaceFailedError] when the Space comes
// to a stage that it does not leave by itself, and with the context. Changed, which may be nil, is told each new state.
func (c *Client) WaitForSpace(
	ctx context.Context, space RepoRef, changed func(*SpaceRuntime), stages ...string,
) (*SpaceRuntime, error) {
	last := ""
	for {
		runtime, err := c.SpaceRuntime(ctx, space)
		if err != nil {
			return nil, err
		}
		if changed != nil && runtime.Stage != last {
			changed(runtime)
		}
		last = runtime.Stage
		if slices.Contains(stages, runtime.Stage) {
			return runtime, nil
		}
		if slices.Contains(failedStages, runtime.Stage) {
			return runtime, &SpaceFailedError{space, runtime.Stage, runtime.ErrorMessage}
		}
		if err := sleep(ctx, pollSpace); err != nil {
			return runtime, fmt.Errorf("hub: %s is still in stage %s: %w", space, runtime.Stage, err)
		}
	}
}
