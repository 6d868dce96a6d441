package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/convert"
)

// inspection is the JSON of `hfbot inspect`.
type inspection struct {
	Verdict convert.Verdict   `json:"verdict"`
	Tensors []inspectedTensor `json:"tensors"`
	Aliases map[string]string `json:"aliases"`
	Globals []string          `json:"globals"`
	Reason  string            `json:"reason"`
}

type inspectedTensor struct {
	Name   string  `json:"name"`
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`
	SHA256 string  `json:"sha256"` // of its bytes as they are written
}

func newInspect() *cobra.Command {
	var f format
	c := &cobra.Command{
		Use: "inspect SRC", Short: "Show what a PyTorch checkpoint holds, without running any of its code",
		Long: `Reads a checkpoint and prints its tensors, the names its pickle refers to and the verdict. SRC is a
file or an https URL. A checkpoint that would not be converted exits 3.`,
		Example: "  hfbot inspect pytorch_model.bin\n  hfbot inspect pytorch_model.bin --format text",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return runInspect(c.Context(), c.OutOrStdout(), args[0], f)
		},
	}
	addFormat(c, &f, formatJSON, formatText)
	return c
}

func runInspect(ctx context.Context, w io.Writer, name string, f format) (err error) {
	src, err := openSource(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	plan, err := convert.Inspect(ctx, src, src.size, convert.Options{})
	if err != nil {
		return fmt.Errorf("inspect %s: %w", name, err)
	}
	result, err := newInspection(ctx, plan)
	if err != nil {
		return fmt.Errorf("inspect %s: %w", name, err)
	}
	if f.value == formatJSON {
		err = writeJSON(w, result)
	} else {
		err = result.writeText(w, name)
	}
	if err == nil && plan.Verdict != convert.OK {
		err = refused(name, plan)
	}
	return err
}

// refused ends a command with the exit code of refused checkpoints.
func refused(name string, plan *convert.Plan) error {
	return &exitError{code: exitRefused, err: fmt.Errorf("%s is refused as %s: %s", name, plan.Verdict, plan.Reason)}
}

// newInspection lists the tensors with the digests of their bytes; a refused checkpoint has none.
func newInspection(ctx context.Context, plan *convert.Plan) (inspection, error) {
	result := inspection{
		Verdict: plan.Verdict, Tensors: []inspectedTensor{}, Aliases: plan.Aliases,
		Globals: orEmpty(plan.Globals), Reason: plan.Reason,
	}
	if result.Aliases == nil {
		result.Aliases = map[string]string{}
	}
	if plan.Verdict != convert.OK {
		return result, nil
	}
	if err := plan.Hash(ctx); err != nil {
		return inspection{}, err
	}
	for _, t := range plan.Tensors {
		result.Tensors = append(result.Tensors, inspectedTensor{
			Name: t.Name, DType: t.DType, Shape: orEmpty(t.Shape), SHA256: t.SHA256,
		})
	}
	return result, nil
}

// writeText renders the inspection for people.
func (i inspection) writeText(w io.Writer, name string) error {
	fmt.Fprintf(w, "%s: %s", name, i.Verdict)
	if i.Reason != "" {
		fmt.Fprintf(w, " (%s)", i.Reason)
	}
	fmt.Fprintf(w, "\n%s, %s\n", count(len(i.Tensors), "tensor"), count(len(i.Globals), "global"))
	for _, t := range i.Tensors {
		fmt.Fprintf(w, "  %s %s %v\n", t.Name, t.DType, t.Shape)
	}
	for _, dropped := range slices.Sorted(maps.Keys(i.Aliases)) {
		fmt.Fprintf(w, "  %s is the same as %s\n", dropped, i.Aliases[dropped])
	}
	for _, g := range i.Globals {
		if _, err := fmt.Fprintf(w, "  refers to %s\n", g); err != nil {
			return err
		}
	}
	return nil
}
