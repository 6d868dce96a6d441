package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(execRun{}) }

// execRun runs a program.
type execRun struct{}

// execIn is the inputs of exec.run.
type execIn struct {
	Command   []string          `json:"command" required:"true" doc:"program and arguments; no shell takes them apart"`
	Env       map[string]string `json:"env" doc:"environment of the program"`
	Clone     bool              `json:"clone" doc:"run it in a copy of the repository at the event's commit, without links"`
	LFS       []string          `json:"lfs" doc:"globs of the large files the copy holds whole; of others it has the pointers"`
	Stdin     string            `json:"stdin" doc:"text the program reads"`
	Input     any               `json:"input" doc:"value the program reads as JSON, instead of stdin"`
	Expect    []int             `json:"expect" default:"[0]" doc:"exit codes that mean success"`
	Collect   []string          `json:"collect" doc:"globs of text files in the working folder to give as files, at most 256 KiB"`
	Memory    int64             `json:"memory" default:"4096" doc:"most address space of a process, in MiB; 0: no limit"`
	CPU       time.Duration     `json:"cpu" default:"10m" doc:"most processor time of a process"`
	FileSize  int64             `json:"file_size" default:"4096" doc:"largest file a process may write, in MiB"`
	MaxOutput int64             `json:"max_output" default:"64" doc:"the program is ended when it prints more, in MiB"`
	actions.Target
}

// execOut is the outputs of exec.run.
type execOut struct {
	ExitCode  int               `json:"exit_code" doc:"exit code"`
	Stdout    string            `json:"stdout" doc:"what it printed, at most the first 256 KiB, without control characters"`
	Stderr    string            `json:"stderr" doc:"the last 16 KiB of its errors"`
	JSON      any               `json:"json" doc:"what it printed decoded, when it is JSON and not longer than that"`
	Files     map[string]string `json:"files" doc:"contents of the files of collect by path, for hub.commit"`
	Truncated bool              `json:"truncated" doc:"it printed more than stdout holds"`
	Seconds   float64           `json:"seconds" doc:"how long it ran"`
}

const (
	maxStdout    = 256 << 10
	maxStderr    = 16 << 10
	maxCollected = 256 << 10
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Validate implements actions.Validator.
func (in *execIn) Validate() error {
	switch {
	case len(in.Command) == 0 || in.Command[0] == "":
		return errors.New("command needs a program")
	case in.Stdin != "" && in.Input != nil:
		return errors.New("give stdin or input, not both")
	case in.Memory < 0 || in.CPU <= 0 || in.FileSize <= 0 || in.MaxOutput <= 0:
		return errors.New("memory, cpu, file_size and max_output must be positive")
	}
	for _, argument := range in.Command {
		if strings.ContainsRune(argument, 0) {
			return errors.New("command: an argument holds a zero byte")
		}
	}
	for name, value := range in.Env {
		if !envName.MatchString(name) || strings.HasPrefix(name, "HFBOT_EXEC") || strings.ContainsRune(value, 0) {
			return fmt.Errorf("env: %q cannot be set so", name)
		}
	}
	for _, glob := range slices.Concat(in.LFS, in.Collect) {
		if !doublestar.ValidatePattern(glob) {
			return fmt.Errorf("%q is no glob", glob)
		}
	}
	return nil
}

// Spec implements actions.Action.
func (execRun) Spec() actions.Spec {
	return actions.Spec{
		ID:      "exec.run",
		Summary: "Run a program.",
		Description: "The program is started directly, never through a shell, in an empty folder or in a copy of the " +
			"repository. Its environment is PATH, HOME, TMPDIR, LANG, what `env` says, the secrets that the step names, under " +
			"their names, and HFBOT_REPO, HFBOT_REPO_TYPE, HFBOT_SHA, HFBOT_REF and HF_ENDPOINT; nothing else of the bot's. " +
			"Limits hold for each process; when the program ends, is cancelled or the bot dies, or stands still until another " +
			"instance may take over, all that it started ends too, also what has left its process group; what it has others " +
			"start, such as cron or Docker, does not. On Linux 6.12 or later with Landlock it can signal and limit none but its " +
			"own processes, and sudo gives it nothing; elsewhere it can kill or stop its parent, which watches over it, or the " +
			"bot, and what it started goes on. It runs as the bot's own user: what runs code of strangers belongs into an " +
			"`hf.job`. Run the bot as another user than root, or a program can read the bot's memory. Linux only.",
		Effect:  actions.External,
		Timeout: 10 * time.Minute,
		Secrets: []actions.SecretSpec{{
			Name: actions.AnySecret, Doc: "becomes a variable of that name in the program's environment",
		}},
		Example: "uses: exec.run\nwith:\n  command: [python3, check.py, \"${{ sha }}\"]\n  clone: true\n" +
			"secrets: {API_KEY: CHECK_API_KEY}",
	}
}

// Run implements actions.Action.
func (execRun) Run(ctx context.Context, rt *actions.Runtime, in execIn) (execOut, error) {
	if rt.DryRun {
		return execOut{}, nil
	}
	p, err := in.prepare(ctx, rt)
	if err != nil {
		return execOut{}, err
	}
	began := time.Now()
	code, err := p.run(ctx)
	out := execOut{
		ExitCode: code, Stdout: plainText(p.stdout.text()), Stderr: plainText(p.stderr.text()),
		Truncated: p.stdout.lost, Seconds: time.Since(began).Seconds(),
	}
	if err != nil {
		return execOut{}, err
	}
	if !slices.Contains(in.Expect, code) {
		return execOut{}, actions.Permanentf("%s ended with exit code %d: %s", in.Command[0], code, lastLines(out.Stderr, out.Stdout))
	}
	if !p.stdout.lost && json.Unmarshal(p.stdout.kept, &out.JSON) != nil {
		out.JSON = nil // no JSON
	}
	out.Files, err = in.collect(p.dir)
	return out, err
}

// prepare makes the folders and all that the program is given.
func (in execIn) prepare(ctx context.Context, rt *actions.Runtime) (*program, error) {
	p := &program{
		command: in.Command, dir: filepath.Join(rt.Dir, "work"), input: []byte(in.Stdin),
		limits: limits{
			Memory: uint64(in.Memory) << 20, CPU: uint64(max(in.CPU.Seconds(), 1)), FileSize: uint64(in.FileSize) << 20,
		},
		stdout: &head{limit: maxStdout}, stderr: &tail{limit: maxStderr}, maxOutput: in.MaxOutput << 20,
		until: rt.Until,
	}
	if in.Input != nil {
		var err error
		if p.input, err = json.Marshal(in.Input); err != nil {
			return nil, actions.Permanentf("input: %w", err)
		}
	}
	for _, dir := range []string{p.dir, filepath.Join(rt.Dir, "home"), filepath.Join(rt.Dir, "tmp")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make a folder for the program: %w", err)
		}
	}
	repo, sha, err := in.place(ctx, rt)
	if err != nil {
		return nil, err
	}
	if err := in.environment(rt, p, repo, sha); err != nil {
		return nil, err
	}
	if in.Clone {
		return p, in.clone(ctx, rt, repo, sha, p.dir)
	}
	return p, nil
}

// place is the repository and commit that the program is about; both empty without any. A clone needs them.
func (in execIn) place(ctx context.Context, rt *actions.Runtime) (repo hub.RepoRef, sha string, err error) {
	if in.Repo == "" && rt.Event == nil && !in.Clone {
		return repo, rt.SHA, nil
	}
	if repo, err = in.Resolve(rt); err != nil {
		return repo, "", err
	}
	if in.Clone {
		sha, err = resolveRevision(ctx, rt, repo, "")
	} else {
		sha, err = eventCommit(ctx, rt, repo)
	}
	return repo, sha, err
}

// environment fills the program's environment. Later variables win.
func (in execIn) environment(rt *actions.Runtime, p *program, repo hub.RepoRef, sha string) error {
	p.set("PATH", pathVariable())
	p.set("HOME", filepath.Join(rt.Dir, "home"))
	p.set("TMPDIR", filepath.Join(rt.Dir, "tmp"))
	p.set("LANG", "C.UTF-8")
	if rt.Hub != nil {
		p.set("HF_ENDPOINT", rt.Hub.Endpoint())
	}
	if repo.Name != "" {
		p.set("HFBOT_REPO", repo.Name)
		p.set("HFBOT_REPO_TYPE", string(repo.Type))
	}
	p.set("HFBOT_SHA", sha)
	p.set("HFBOT_REF", eventRef(rt, repo))
	for name, value := range in.Env {
		p.set(name, value)
	}
	for name, secret := range rt.Secrets {
		if strings.HasPrefix(name, "HFBOT_EXEC") || strings.ContainsRune(secret.Reveal(), 0) {
			return actions.Permanentf("secret %s cannot be a variable of a program", name)
		}
		p.set(name, secret.Reveal())
	}
	return nil
}

// pathVariable is where programs are looked for.
func pathVariable() string {
	if path := os.Getenv("PATH"); path != "" {
		return path
	}
	return "/usr/local/bin:/usr/bin:/bin"
}

// lastLines is what an error shows of what a program printed.
func lastLines(stderr, stdout string) string {
	text := strings.TrimSpace(stderr)
	if text == "" {
		text = strings.TrimSpace(stdout)
	}
	if text == "" {
		return "it printed nothing"
	}
	lines := strings.Split(text, "\n")
	text = strings.Join(lines[max(0, len(lines)-5):], "\n")
	return text[max(0, len(text)-1000):]
}
