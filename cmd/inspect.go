package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/convert"
)

// inspection is the JSON of `hfbot inspect`.
type inspection struct {
	Verdict convert.Verdict            `json:"verdict"`
	Tensors []inspectedTensor          `json:"tensors"`
	Aliases map[string]string          `json:"aliases"`
	Globals []string                   `json:"globals"`
	Reason  string                     `json:"reason"`
	Dropped []string                   `json:"dropped,omitempty"`
	Files   map[string]convert.Verdict `json:"files,omitempty"` // of a folder, an index or a repository
}

type inspectedTensor struct {
	Name   string  `json:"name"`
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`
	SHA256 string  `json:"sha256"` // of its bytes as they are written; empty when they were not read
	File   string  `json:"file,omitempty"`
}

// hashedUnasked is the largest remote source, in bytes of tensors, of which the bytes are read without --hash.
const hashedUnasked = 64 << 20

// inspectOptions are the arguments and flags of `hfbot inspect`.
type inspectOptions struct {
	src    string
	hash   bool
	asked  bool // --hash is given
	format format
	err    io.Writer
}

func newInspect() *cobra.Command {
	var o inspectOptions
	c := &cobra.Command{
		Use: "inspect SRC", Short: "Show what PyTorch checkpoints hold, without running any of their code",
		Long: `Reads checkpoints and prints their tensors, the names their pickles refer to and the verdict. SRC is
a file, an https URL, a sharded index, a folder, or REPO@REVISION on the Hub. Of a remote one only the
directory and the pickle are read, by a few ranges; the tensors' bytes are hashed as well when it is small
or with --hash. A checkpoint that would not be converted exits 3.`,
		Example: "  hfbot inspect pytorch_model.bin\n  hfbot inspect acme/tiny@main --format text",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.src, o.asked, o.err = args[0], c.Flags().Changed("hash"), c.ErrOrStderr()
			cfg, err := config.Load(c.Flags())
			if err != nil {
				return err
			}
			defer debug.SetGCPercent(debug.SetGCPercent(thrifty))
			return runInspect(c.Context(), cfg, c.OutOrStdout(), o)
		},
	}
	c.Flags().BoolVar(&o.hash, "hash", true, "read all bytes and hash each tensor (default: unless remote and large)")
	addFormat(c, &o.format, formatJSON, formatText)
	return c
}

func runInspect(ctx context.Context, cfg *config.Config, w io.Writer, o inspectOptions) error {
	src, err := openSource(ctx, cfg, o.src, convert.Options{}, tellRetries(o.err))
	if err != nil {
		return err
	}
	if len(src.files) == 0 {
		return fmt.Errorf("inspect %s: it holds no PyTorch files", o.src)
	}
	result := inspection{
		Verdict: convert.OK, Tensors: []inspectedTensor{}, Aliases: map[string]string{}, Globals: []string{},
	}
	for _, file := range src.files {
		if err := inspectFile(ctx, src, o, file, &result); err != nil {
			return fmt.Errorf("inspect %s: %w", o.src, err)
		}
	}
	slices.Sort(result.Globals)
	result.Globals = slices.Compact(result.Globals)
	if o.format.value == formatJSON {
		err = writeJSON(w, result)
	} else {
		err = result.writeText(w, o.src)
	}
	if err == nil && result.Verdict != convert.OK {
		err = refused(o.src, &convert.Plan{Verdict: result.Verdict, Reason: result.Reason})
	}
	return err
}

// gravity is the order of verdicts, the gravest first.
var gravity = []convert.Verdict{
	convert.Dangerous, convert.Malformed, convert.TooBig, convert.Unsupported, convert.NotTorch, convert.OK,
}

// inspectFile adds one checkpoint to the result.
func inspectFile(ctx context.Context, src *source, o inspectOptions, file string, result *inspection) (err error) {
	f, err := src.open(ctx, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	plan, err := convert.Inspect(ctx, f, f.Size(), convert.Options{})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	shown := ""
	if src.folder {
		if result.Files == nil {
			result.Files = map[string]convert.Verdict{}
		}
		result.Files[file], shown = plan.Verdict, file
	}
	result.Globals = append(result.Globals, plan.Globals...)
	if !src.folder || plan.Verdict == convert.Dangerous || src.converts(file) {
		result.judge(shown, plan)
	}
	if plan.Verdict != convert.OK {
		return nil
	}
	if o.hash && (o.asked || !src.remote || plan.Size() <= hashedUnasked) {
		if err := plan.Hash(ctx); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, t := range plan.Tensors {
		result.Tensors = append(result.Tensors, inspectedTensor{
			Name: t.Name, DType: t.DType, Shape: orEmpty(t.Shape), SHA256: t.SHA256, File: shown,
		})
	}
	maps.Copy(result.Aliases, plan.Aliases)
	result.Dropped = append(result.Dropped, plan.Dropped...)
	return nil
}

// converts tells whether a file is one of those that would be converted. Others of a folder, such as the state of an
// optimizer, only count when they are dangerous.
func (s *source) converts(file string) bool {
	return slices.ContainsFunc(s.groups, func(g convert.Group) bool { _, ok := g.Files[file]; return ok })
}

// judge takes the gravest verdict.
func (i *inspection) judge(file string, plan *convert.Plan) {
	if slices.Index(gravity, plan.Verdict) >= slices.Index(gravity, i.Verdict) {
		return
	}
	i.Verdict, i.Reason = plan.Verdict, plan.Reason
	if file != "" {
		i.Reason = file + ": " + plan.Reason
	}
}

// refused ends a command with the exit code of refused checkpoints.
func refused(name string, plan *convert.Plan) error {
	return &exitError{code: exitRefused, err: fmt.Errorf("%s is refused as %s: %s", name, plan.Verdict, plan.Reason)}
}

// writeText renders the inspection for people.
func (i inspection) writeText(w io.Writer, name string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", name, i.Verdict)
	if i.Reason != "" {
		fmt.Fprintf(&b, " (%s)", printable(i.Reason, 1000))
	}
	fmt.Fprintf(&b, "\n%s, %s\n", count(len(i.Tensors), "tensor"), count(len(i.Globals), "global"))
	for _, file := range slices.Sorted(maps.Keys(i.Files)) {
		fmt.Fprintf(&b, "  %s: %s\n", printable(file, 1000), i.Files[file])
	}
	for _, t := range i.Tensors {
		fmt.Fprintf(&b, "  %s %s %v\n", printable(t.Name, 1000), t.DType, t.Shape)
	}
	for _, dropped := range slices.Sorted(maps.Keys(i.Aliases)) {
		fmt.Fprintf(&b, "  %s is the same as %s\n", printable(dropped, 1000), printable(i.Aliases[dropped], 1000))
	}
	for _, g := range i.Globals {
		fmt.Fprintf(&b, "  refers to %s\n", printable(g, 1000))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printable shows text that strangers chose without what could steer a terminal, and not longer than a limit.
func printable(text string, limit int) string {
	runes := []rune(text)
	if len(runes) > limit {
		runes = append(runes[:limit-1], '…')
	}
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = '\uFFFD'
		}
	}
	return string(runes)
}
