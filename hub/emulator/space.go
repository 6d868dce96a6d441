package emulator

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Stages of a Space that the local Hub reports by itself
// (https://huggingface.co/docs/huggingface_hub/package_reference/space_runtime).
const (
	stageNoAppFile   = "NO_APP_FILE"
	stageConfigError = "CONFIG_ERROR"
	stageRunning     = "RUNNING"
	stagePaused      = "PAUSED"
)

// defaultSleep is after how many seconds without visits a Space on free hardware sleeps: 48 hours
// (https://huggingface.co/docs/hub/spaces-gpus#sleep-time).
const defaultSleep = 172_800

// spaceApp is what a Space has besides its repository. The local Hub builds and runs nothing. The zero value is ready
// to use.
type spaceApp struct {
	mu        sync.Mutex
	secrets   map[string]spaceSetting
	variables map[string]spaceSetting
	paused    bool
	hardware  string // empty: cpu-basic
	sleep     int    // seconds; 0: the default; -1: never
	devMode   bool
	volumes   []spaceVolume
	restarted time.Time

	changed atomic.Bool // since it was saved
}

// spaceSetting is a secret or a variable.
type spaceSetting struct {
	value       string
	description string
	updatedAt   time.Time
}

// spaceVolume is a repository or bucket that the Space sees as a folder.
type spaceVolume struct {
	Type      string `json:"type"`
	Source    string `json:"source"`
	MountPath string `json:"mountPath"`
	Revision  string `json:"revision,omitempty"`
	ReadOnly  *bool  `json:"readOnly,omitempty"`
	Path      string `json:"path,omitempty"`
}

// change does something to the app. Every change restarts a Space on the Hub.
func (a *spaceApp) change(do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	do()
	a.restarted = time.Now()
	a.changed.Store(true)
}

// setting stores a secret or variable in one of the two maps, or deletes it when it is nil.
func (a *spaceApp) set(secret bool, name string, setting *spaceSetting) {
	a.change(func() {
		into := &a.variables
		if secret {
			into = &a.secrets
		}
		if setting == nil {
			delete(*into, name)
			return
		}
		if *into == nil {
			*into = map[string]spaceSetting{}
		}
		(*into)[name] = *setting
	})
}

// settings are the secrets or variables now.
func (a *spaceApp) settings(secret bool) map[string]spaceSetting {
	a.mu.Lock()
	defer a.mu.Unlock()
	if secret {
		return maps.Clone(a.secrets)
	}
	return maps.Clone(a.variables)
}

// spaceRuntime is the JSON shape of what a Space does now.
type spaceRuntime struct {
	Stage    string         `json:"stage"`
	Hardware map[string]any `json:"hardware"`
	Storage  *string        `json:"storage"`
	Sleep    *int           `json:"gcTimeout"` // seconds
	Replicas map[string]int `json:"replicas"`
	DevMode  bool           `json:"devMode"`
	Domains  []spaceDomain  `json:"domains"`
	SDK      string         `json:"sdk,omitempty"`
	Volumes  []spaceVolume  `json:"volumes,omitempty"`
	Error    string         `json:"errorMessage,omitempty"`
}

type spaceDomain struct {
	Domain string `json:"domain"`
	Stage  string `json:"stage"`
}

// runtime tells what a Space does now. As nothing is built, a Space runs as soon as it has the file that its SDK starts.
func (s *Server) runtime(r *repo) spaceRuntime {
	state := r.state()
	sdk, stage, problem := r.stage(state)
	a := &r.space
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.paused {
		stage, problem = stagePaused, ""
	}
	if forced := s.hooks.faults.spaceStage(); forced != "" {
		stage, problem = forced, "The stage is set by a fault switch"
	}
	told := spaceRuntime{
		Stage: stage, Error: problem, SDK: sdk, DevMode: a.devMode, Volumes: slices.Clone(a.volumes),
		Hardware: map[string]any{"current": nil, "requested": nil}, Replicas: map[string]int{"requested": 1},
		Domains: []spaceDomain{{Domain: s.spaceHost(state.name), Stage: "READY"}},
	}
	if sdk == "static" {
		return told
	}
	hardware := cmp.Or(a.hardware, "cpu-basic")
	told.Hardware["requested"] = hardware
	if stage == stageRunning {
		told.Hardware["current"], told.Replicas["current"] = hardware, 1
	}
	if sleep := cmp.Or(a.sleep, defaultSleep); sleep > 0 {
		told.Sleep = &sleep
	}
	return told
}

// stage is what the content of a Space lets it do. The card rules over what the Space was made with.
func (r *repo) stage(state repoState) (sdk, stage, problem string) {
	head, _ := r.head(mainBranch)
	files, err := r.files(head)
	if err != nil {
		return state.spaceSDK, stageConfigError, "The files cannot be read"
	}
	readme, _ := r.blob(files[cardFile].hash) // none is no configuration
	card, err := parseCard(readme)
	sdk, _ = card["sdk"].(string)
	sdk = cmp.Or(sdk, state.spaceSDK)
	switch {
	case err != nil:
		return sdk, stageConfigError, err.Error()
	case card == nil:
		return sdk, stageConfigError, "Missing configuration in README"
	}
	wanted := map[string]string{"docker": "Dockerfile", "static": "index.html"}[sdk]
	if named, ok := card["app_file"].(string); ok && sdk != "docker" {
		wanted = named
	}
	if _, ok := files[cmp.Or(wanted, "app.py")]; !ok {
		return sdk, stageNoAppFile, "No application file"
	}
	return sdk, stageRunning, ""
}

// spaceSDKs are what a Space can be built with (https://huggingface.co/.well-known/openapi.json, repos/create).
var spaceSDKs = []string{"gradio", "docker", "static"}
