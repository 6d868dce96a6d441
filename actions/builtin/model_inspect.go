package builtin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/convert"
)

func init() { actions.Register(modelInspect{}) }

// modelInspect looks into checkpoints without running or downloading them.
type modelInspect struct{}

// inspectIn is the inputs of model.inspect.
type inspectIn struct {
	Files []string `json:"files" doc:"globs of the files to look at; every .bin, .pt, .pth and .ckpt by default"`
	actions.Target
}

// inspectOut is the outputs of model.inspect.
type inspectOut struct {
	Verdict   string            `json:"verdict" doc:"the gravest of all files: dangerous, malformed, too_big, unsupported, not_torch or ok; none without files"` //nolint:lll // a tag cannot be broken
	Verdicts  map[string]string `json:"verdicts" doc:"verdict of each file"`
	Dangerous []string          `json:"dangerous" doc:"files that run code when Python loads them"`
	Globals   []string          `json:"globals" doc:"what the pickles name, at most 1000 of them"`
	Tensors   int               `json:"tensors" doc:"number of tensors in the files that can be converted"`
	Bytes     int64             `json:"bytes" doc:"size of those tensors"`
	Report    string            `json:"report" doc:"a table of the files in Markdown, fit for a comment"`
}

// Spec implements actions.Action.
func (modelInspect) Spec() actions.Spec {
	return actions.Spec{
		ID:      "model.inspect",
		Summary: "Look into a repository's PyTorch files without downloading or running them.",
		Description: "Reads the directory and the pickle of each file at the event's commit by a few ranged requests, " +
			"whatever its size, and says whether it is safe and can be converted. A file is dangerous when its pickle names " +
			"something that runs code, such as os.system; nothing of it is run here.",
		Effect:     actions.None,
		Idempotent: true,
		Timeout:    30 * time.Minute,
		Example:    "uses: model.inspect\nid: weights",
	}
}

// Validate implements actions.Validator.
func (in *inspectIn) Validate() error { return checkGlobs(in.Files) }

// Bounds of model.inspect's outputs.
const (
	maxInspected = 500
	maxGlobals   = 1000
	maxReport    = 20_000 // characters
)

// gravity is the order of verdicts, the gravest first.
var gravity = []convert.Verdict{
	convert.Dangerous, convert.Malformed, convert.TooBig, convert.Unsupported, convert.NotTorch, convert.OK,
}

// Run implements actions.Action.
func (modelInspect) Run(ctx context.Context, rt *actions.Runtime, in inspectIn) (inspectOut, error) {
	s, err := takeSnapshot(ctx, rt, in.Target)
	if err != nil {
		return inspectOut{}, err
	}
	if err := s.list(ctx); err != nil {
		return inspectOut{}, err
	}
	paths := slices.DeleteFunc(s.paths(), func(p string) bool { return !isCheckpoint(p) || !taken(in.Files, p) })
	if len(paths) > maxInspected {
		return inspectOut{}, actions.Permanentf("%s has %d checkpoints, more than the %d that are looked at; choose some by files",
			s.repo, len(paths), maxInspected)
	}
	out := inspectOut{Verdict: "none", Verdicts: map[string]string{}}
	globals := map[string]bool{}
	var table strings.Builder
	for i, p := range paths {
		rt.Report(int64(i), int64(len(paths)), "inspecting "+p)
		plan, err := s.inspect(ctx, p)
		if err != nil {
			return inspectOut{}, err
		}
		out.add(p, plan)
		for _, g := range plan.Globals {
			if len(globals) < maxGlobals {
				globals[g] = true
			}
		}
		if line := inspectedRow(p, plan); table.Len()+len(line) < maxReport {
			table.WriteString(line)
		}
	}
	out.Globals = slices.Sorted(maps.Keys(globals))
	out.Report = "No PyTorch files.\n"
	if len(paths) > 0 {
		out.Report = "| file | verdict | tensors | bytes | why |\n|---|---|---|---|---|\n" + table.String()
	}
	return out, nil
}

// isCheckpoint tells whether a name is one that torch.save's files have.
func isCheckpoint(p string) bool {
	return slices.Contains([]string{".bin", ".pt", ".pth", ".ckpt"}, path.Ext(p))
}

// inspect looks at one file.
func (s *snapshot) inspect(ctx context.Context, path string) (plan *convert.Plan, err error) {
	f, err := s.open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if plan, err = convert.Inspect(ctx, f, f.Size(), convert.Options{}); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return plan, nil
}

// add takes one file into the outputs.
func (out *inspectOut) add(path string, plan *convert.Plan) {
	out.Verdicts[path] = string(plan.Verdict)
	if plan.Verdict == convert.Dangerous {
		out.Dangerous = append(out.Dangerous, path)
	}
	known := slices.Index(gravity, convert.Verdict(out.Verdict))
	if known < 0 || slices.Index(gravity, plan.Verdict) < known {
		out.Verdict = string(plan.Verdict)
	}
	out.Tensors += len(plan.Tensors)
	for _, t := range plan.Tensors {
		out.Bytes += t.Bytes
	}
}

// inspectedRow is a file's line of the report.
func inspectedRow(path string, plan *convert.Plan) string {
	var bytes int64
	for _, t := range plan.Tensors {
		bytes += t.Bytes
	}
	return fmt.Sprintf("| %s | %s | %d | %d | %s |\n", code(path), plan.Verdict, len(plan.Tensors), bytes,
		code(plan.Reason))
}
