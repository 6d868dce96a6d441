package builtin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/workspace"
)

func init() { actions.Register(modelConvert{}) }

// defaultTitle is the title that the Hub's users and tools know for such a pull request, see the convert.py of
// https://github.com/huggingface/safetensors.
const defaultTitle = "Adding `safetensors` variant of this model"

// modelConvert converts checkpoints and opens a pull request with the result.
type modelConvert struct{}

// convertIn is the inputs of model.convert.
type convertIn struct {
	To     string   `json:"to" enum:"safetensors" default:"safetensors" doc:"format to convert to"`
	Files  []string `json:"files" doc:"globs of the checkpoints to convert; all that have no safetensors yet by default"`
	Key    string   `json:"key" doc:"entry of a nested checkpoint that holds the weights; found by itself if there is one"`
	Shared string   `json:"shared" enum:"dedupe,duplicate" default:"dedupe" doc:"what becomes of tensors with two names"`
	DType  string   `json:"dtype" enum:"keep,bf16,f16" default:"keep" doc:"type to cast floats to"`
	Title  string   `json:"title" doc:"title of the pull request"`
	actions.Target
}

// convertOut is the outputs of model.convert.
type convertOut struct {
	PullRequest int      `json:"pull_request" doc:"number of the pull request; 0 when there was nothing to convert"`
	URL         string   `json:"url" doc:"address of the pull request"`
	Files       []string `json:"files" doc:"files the pull request adds"`
	Skipped     []string `json:"skipped" doc:"what was left alone, and why"`
}

// Validate implements actions.Validator.
func (in *convertIn) Validate() error {
	for _, glob := range in.Files {
		if !doublestar.ValidatePattern(glob) {
			return fmt.Errorf("files: %q is no glob", glob)
		}
	}
	if n := len([]rune(in.Title)); in.Title != "" && (n < 3 || n > 200) {
		return errors.New("title must have 3 to 200 characters")
	}
	return nil
}

// Spec implements actions.Action.
func (modelConvert) Spec() actions.Spec {
	return actions.Spec{
		ID:      "model.convert",
		Summary: "Convert a model's PyTorch weights to safetensors and open a pull request with them.",
		Description: "Works on the repository as it was at the event's commit. No code of a checkpoint runs: one that " +
			"would run code in Python is refused. Each output is read back and compared before anything is uploaded. All " +
			"files go into one pull request; if the bot has one open for the same commit already, that one is returned. " +
			"If the branch moved on meanwhile, the step fails and says so, since the later push has a run of its own.",
		Effect:     actions.HubWrite,
		Idempotent: true,
		Example:    "uses: model.convert\nwith: {to: safetensors}",
	}
}

// conversion is one run of model.convert.
type conversion struct {
	rt     *actions.Runtime
	in     convertIn
	repo   hub.RepoRef
	sha    string // the commit whose weights are converted
	branch string // the ref that must still be at sha at the end
	ws     *workspace.Workspace
	out    string // folder of the converted files
}

// Run implements actions.Action.
func (modelConvert) Run(ctx context.Context, rt *actions.Runtime, in convertIn) (out convertOut, err error) {
	c, err := newConversion(ctx, rt, in)
	if err != nil {
		return convertOut{}, err
	}
	if out, found, err := c.earlier(ctx); err != nil || found {
		return out, err
	}
	if err := c.open(ctx); err != nil {
		return convertOut{}, err
	}
	defer func() { err = errors.Join(err, c.ws.Close()) }()
	groups, skipped, err := c.choose(ctx)
	if err != nil || len(groups) == 0 {
		return convertOut{Skipped: skipped}, err
	}
	done, refused, err := c.convertAll(ctx, groups)
	if err != nil {
		return convertOut{}, err
	}
	return c.publish(ctx, done, slices.Concat(skipped, refused))
}

// newConversion finds the repository and the commit.
func newConversion(ctx context.Context, rt *actions.Runtime, in convertIn) (*conversion, error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return nil, err
	}
	c := &conversion{rt: rt, in: in, repo: repo, out: filepath.Join(rt.Dir, "out")}
	if rt.IsEvent(repo) {
		c.sha, c.branch = rt.SHA, rt.Ref
		if d := rt.Event.Discussion; c.branch == "" && d != nil && d.IsPullRequest {
			c.branch = fmt.Sprintf("refs/pr/%d", d.Num)
		}
	}
	if c.sha != "" {
		return c, nil
	}
	info, err := rt.Hub.RepoInfo(ctx, repo, c.revision())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", repo, err)
	}
	c.sha = info.SHA
	return c, nil
}

// revision is the branch as the API names it; empty for main.
func (c *conversion) revision() string {
	return strings.TrimPrefix(strings.TrimPrefix(c.branch, "refs/heads/"), "refs/tags/")
}

// checkHead fails when the branch has moved on from the commit.
func (c *conversion) checkHead(ctx context.Context) error {
	info, err := c.rt.Hub.RepoInfo(ctx, c.repo, c.revision())
	if err != nil {
		return fmt.Errorf("read the head of %s: %w", c.repo, err)
	}
	if info.SHA != c.sha {
		return c.superseded("the head is " + info.SHA + " by now")
	}
	return nil
}

// open fetches the repository at the commit.
func (c *conversion) open(ctx context.Context) error {
	if err := c.checkHead(ctx); err != nil {
		return err
	}
	dir := filepath.Join(c.rt.Dir, "repo")
	for _, d := range []string{dir, c.out} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return fmt.Errorf("make a work folder: %w", err)
		}
	}
	ws, err := workspace.Open(ctx, workspace.Options{
		Client: c.rt.Hub, Repo: c.repo, SHA: c.sha, Ref: c.branch, Dir: dir,
	})
	if errors.Is(err, workspace.ErrSuperseded) {
		return c.superseded("it is gone")
	}
	if err != nil {
		return fmt.Errorf("open %s at %s: %w", c.repo, c.sha, err)
	}
	c.ws = ws
	return nil
}

// superseded is the error for a commit that is no longer the head.
func (c *conversion) superseded(why string) error {
	return actions.Permanentf("superseded: commit %s of %s is out of date: %s", c.sha, c.repo, why)
}

// choose finds the checkpoints to convert and says why others are left alone.
func (c *conversion) choose(ctx context.Context) (groups []convert.Group, skipped []string, err error) {
	var paths []string
	for entry, err := range c.ws.List(ctx) {
		if err != nil {
			return nil, nil, fmt.Errorf("list %s at %s: %w", c.repo, c.sha, err)
		}
		paths = append(paths, entry.Path)
	}
	all, left := convert.Choose(paths, convert.Options{DType: c.in.DType})
	for _, path := range slices.Sorted(maps.Keys(left)) {
		if c.in.wants(path) {
			skipped = append(skipped, path+": "+left[path])
		}
	}
	for _, g := range all {
		if c.in.wants(slices.Collect(maps.Keys(g.Files))...) {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 && len(skipped) == 0 {
		why := "the repository holds no PyTorch weights"
		if len(c.in.Files) > 0 {
			why = "no PyTorch weights match " + strings.Join(c.in.Files, ", ")
		}
		skipped = []string{why}
	}
	return groups, skipped, nil
}

// wants tells whether a glob of the inputs takes one of the paths.
func (in convertIn) wants(paths ...string) bool {
	if len(in.Files) == 0 {
		return true
	}
	for _, glob := range in.Files {
		if slices.ContainsFunc(paths, func(path string) bool { return doublestar.MatchUnvalidated(glob, path) }) {
			return true
		}
	}
	return false
}
