package builtin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/convert"
)

func init() {
	// Hashing takes a core, so one conversion for two cores keeps the rest of the bot alive.
	actions.Register(modelConvert{slots: make(chan struct{}, max(1, runtime.NumCPU()/2)), free: freeSpace})
}

// defaultTitle is the title that the Hub's users and tools know for such a pull request, see the convert.py of
// https://github.com/huggingface/safetensors.
const defaultTitle = "Adding `safetensors` variant of this model"

// modelConvert converts checkpoints and opens a pull request with the result.
type modelConvert struct {
	slots chan struct{}                   // one for each conversion that may run at once
	free  func(dir string) (int64, error) // free bytes of a folder's disk
}

// convertIn is the inputs of model.convert.
type convertIn struct {
	To       string   `json:"to" enum:"safetensors" default:"safetensors" doc:"format to convert to"`
	Files    []string `json:"files" doc:"globs of the checkpoints to convert; all that have no safetensors yet by default"`
	Key      string   `json:"key" doc:"entry of a nested checkpoint that holds the weights; found by itself if there is one"`
	Shared   string   `json:"shared" enum:"dedupe,duplicate" default:"dedupe" doc:"what becomes of tensors with two names"`
	DType    string   `json:"dtype" enum:"keep,bf16,f16" default:"keep" doc:"type to round floats to, in files of another name (model.bf16.safetensors, model.fp16.safetensors)"` //nolint:lll // a tag cannot be broken
	MaxShard string   `json:"max_shard_size" doc:"split and merge into files of at most this size, such as 5GB; one for each checkpoint by default"`                              //nolint:lll // a tag cannot be broken
	Title    string   `json:"title" doc:"title of the pull request"`
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
	if err := checkGlobs(in.Files); err != nil {
		return err
	}
	if in.MaxShard != "" {
		if _, err := convert.ParseSize(in.MaxShard); err != nil {
			return fmt.Errorf("max_shard_size: %w", err)
		}
	}
	if n := len([]rune(in.Title)); in.Title != "" && (n < 3 || n > 200) {
		return errors.New("title must have 3 to 200 characters")
	}
	return nil
}

// options are the inputs as the converter takes them.
func (in *convertIn) options() convert.Options {
	opts := convert.Options{Key: in.Key, Shared: in.Shared, DType: in.DType}
	if in.MaxShard != "" {
		opts.MaxShard, _ = convert.ParseSize(in.MaxShard) // valid, as Validate found
	}
	return opts
}

// Spec implements actions.Action.
func (modelConvert) Spec() actions.Spec {
	return actions.Spec{
		ID:      "model.convert",
		Summary: "Convert a model's PyTorch weights to safetensors and open a pull request with them.",
		Description: "Works on the repository as it was at the event's commit, of which only the parts that are needed are " +
			"transferred. No code of a checkpoint runs: one that would run code in Python is never converted but reported " +
			"in a discussion, and the step fails. Each output is read back and compared before it is uploaded. All files " +
			"go into one pull request. If the bot has one open for the same commit already, that one is returned; one for " +
			"an earlier commit is brought up to date. If a person closed one, the repository is left alone until it is " +
			"opened again or somebody comments /hfbot start. If the branch moved on meanwhile, the step fails " +
			"and says so, since the later push has a run " +
			"of its own. A conversion that was interrupted goes on with the first file that was not done.",
		Effect:     actions.HubWrite,
		Idempotent: true,
		Timeout:    2 * time.Hour,
		Example:    "uses: model.convert\nwith: {to: safetensors}",
	}
}

// conversion is one run of model.convert.
type conversion struct {
	*snapshot
	in    convertIn
	out   string // folder of the converted files
	free  func(string) (int64, error)
	meter *meter
	note  *convertNote
}

// Run implements actions.Action.
func (m modelConvert) Run(ctx context.Context, rt *actions.Runtime, in convertIn) (convertOut, error) {
	s, err := takeSnapshot(ctx, rt, in.Target)
	if err != nil {
		return convertOut{}, err
	}
	c := &conversion{snapshot: s, in: in, free: m.free, meter: &meter{rt: rt}, note: readNote(rt.Kept)}
	if m.slots != nil {
		rt.Report(0, 0, "waiting for another conversion to end")
		select {
		case m.slots <- struct{}{}:
			defer func() { <-m.slots }()
		case <-ctx.Done():
			return convertOut{}, context.Cause(ctx)
		}
	}
	return c.run(ctx)
}

// run converts what is to be converted and publishes it.
func (c *conversion) run(ctx context.Context) (convertOut, error) {
	c.rt.Report(0, 0, "looking at the repository")
	before, err := c.earlier(ctx)
	if err != nil {
		return convertOut{}, err
	}
	if before.closed != "" {
		return convertOut{Skipped: []string{before.closed}}, nil
	}
	if before.same != nil {
		return c.result(ctx, before.same.Num)
	}
	if why, err := c.checkHead(ctx); err != nil || why != "" {
		return convertOut{Skipped: []string{why}}, err
	}
	if err := c.list(ctx); err != nil {
		return convertOut{}, err
	}
	groups, skipped := c.choose(c.in.Files, c.in.options())
	if len(groups) == 0 {
		return convertOut{Skipped: skipped}, nil
	}
	c.out = filepath.Join(c.rt.Dir, "out")
	if err := os.MkdirAll(c.out, 0o700); err != nil {
		return convertOut{}, fmt.Errorf("make a work folder: %w", err)
	}
	groups, refused, err := c.inspectAll(ctx, groups)
	if err != nil {
		return convertOut{}, err
	}
	done, late, err := c.convertAll(ctx, groups)
	if err != nil {
		return convertOut{}, err
	}
	return c.publish(ctx, done, slices.Concat(skipped, refused, late))
}

// checkHead fails when the branch has moved on from the commit. It says why no pull request can be opened, if so.
func (c *conversion) checkHead(ctx context.Context) (why string, err error) {
	info, err := c.rt.Hub.RepoInfo(ctx, c.repo, c.revision())
	if err != nil {
		return "", fmt.Errorf("read the head of %s: %w", c.repo, err)
	}
	if info.SHA != c.sha {
		return "", c.superseded("the head is " + info.SHA + " by now")
	}
	if info.DiscussionsDisabled {
		return discussionsDisabled, nil
	}
	return "", nil
}

// discussionsDisabled is why no pull request can be opened where the owner switched them off.
const discussionsDisabled = "discussions and pull requests are disabled in this repository"
