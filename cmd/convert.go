package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/convert"
)

// convertOptions are the arguments and flags of `hfbot convert`.
type convertOptions struct {
	src, dst string
	convert  convert.Options
	format   format
	out      io.Writer
}

// converted is the JSON of `hfbot convert`.
type converted struct {
	Verdict convert.Verdict   `json:"verdict"`
	Reason  string            `json:"reason"`
	Output  string            `json:"output,omitempty"`
	Tensors int               `json:"tensors"`
	Bytes   int64             `json:"bytes"`
	Aliases map[string]string `json:"aliases,omitempty"`
	Dropped []string          `json:"dropped,omitempty"`
}

func newConvert() *cobra.Command {
	var o convertOptions
	c := &cobra.Command{
		Use: "convert SRC DST", Short: "Convert a PyTorch checkpoint to safetensors, without running any of its code",
		Long: `Writes the tensors of the checkpoint SRC, a file or an https URL, to the safetensors file DST. A
refused checkpoint exits 3 and leaves DST as it was.`,
		Example: "  hfbot convert pytorch_model.bin model.safetensors\n" +
			"  hfbot convert checkpoint.pt model.safetensors --key ema --dtype bf16",
		Args: arguments(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			o.src, o.dst, o.out = args[0], args[1], c.OutOrStdout()
			return runConvert(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.convert.Key, "key", "", "entry of a nested checkpoint to take (default: found by itself)")
	c.Flags().StringVar(&o.convert.Shared, "shared", convert.Dedupe, "tensors that share memory: dedupe or duplicate")
	c.Flags().StringVar(&o.convert.DType, "dtype", convert.KeepType, "type of the numbers: keep, bf16 or f16")
	addFormat(c, &o.format, formatText, formatJSON)
	return c
}

func runConvert(ctx context.Context, o convertOptions) (err error) {
	src, err := openSource(ctx, o.src)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	plan, err := convert.Inspect(ctx, src, src.size, o.convert)
	if err != nil {
		return fmt.Errorf("convert %s: %w", o.src, err)
	}
	result := converted{
		Verdict: plan.Verdict, Reason: plan.Reason, Tensors: len(plan.Tensors), Aliases: plan.Aliases, Dropped: plan.Dropped,
	}
	if plan.Verdict == convert.OK {
		if err := writePlan(ctx, plan, o.dst); err != nil {
			return fmt.Errorf("convert %s: %w", o.src, err)
		}
		result.Output, result.Bytes = o.dst, plan.Size()
	}
	if err := showConverted(o, result); err != nil {
		return err
	}
	if plan.Verdict != convert.OK {
		return refused(o.src, plan)
	}
	return nil
}

func showConverted(o convertOptions, result converted) error {
	if o.format.value == formatJSON {
		return writeJSON(o.out, result)
	}
	if result.Verdict != convert.OK {
		return nil
	}
	_, err := fmt.Fprintf(o.out, "%s: %s, %d bytes\n", result.Output, count(result.Tensors, "tensor"), result.Bytes)
	return err
}

// writePlan writes the file under another name first, so that a failure leaves no half of it behind.
func writePlan(ctx context.Context, plan *convert.Plan, path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	buffer := bufio.NewWriterSize(f, 1<<20)
	err = plan.Write(ctx, buffer)
	if err == nil {
		err = buffer.Flush()
	}
	if err == nil {
		err = plan.Verify(ctx, f, plan.Size()) // what is on the disk, against the checkpoint
	}
	if err == nil {
		err = f.Chmod(0o644) // a temporary file is private, the result is a file like any other
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
