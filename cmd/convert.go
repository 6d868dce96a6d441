package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/convert"
)

// convertOptions are the arguments and flags of `hfbot convert`.
type convertOptions struct {
	src, dst string
	convert  convert.Options
	maxShard string
	verify   bool
	format   format
	out, err io.Writer
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
	Files   []convertedFile   `json:"files,omitempty"`
	Skipped map[string]string `json:"skipped,omitempty"`
}

// convertedFile is one file that was written.
type convertedFile struct {
	Path    string   `json:"path"`
	Sources []string `json:"sources"`
	Tensors int      `json:"tensors"`
	Bytes   int64    `json:"bytes"`
	SHA256  string   `json:"sha256"`

	Warnings []string `json:"warnings,omitempty"` // where a checkpoint differs from its own checksums
}

// thrifty is how far, in percent, the memory of a conversion may grow before what is no longer used is given back. The
// standard doubles the memory of a checkpoint of very many tensors, and for others it makes no difference.
const thrifty = 10

func newConvert() *cobra.Command {
	var o convertOptions
	c := &cobra.Command{
		Use: "convert SRC DST", Short: "Convert PyTorch checkpoints to safetensors, without running any of their code",
		Long: `Writes the tensors of SRC to DST as safetensors. SRC is a file, an https URL, a sharded index
(pytorch_model.bin.index.json), a folder, or REPO@REVISION on the Hub, of which only what is needed is
read, by ranges. One checkpoint becomes the file DST; an index, a folder and a repository become files
in the folder DST. A refused checkpoint exits 3 and leaves DST as it was.`,
		Example: "  hfbot convert pytorch_model.bin model.safetensors\n" +
			"  hfbot convert checkpoint.pt model.safetensors --key ema --dtype bf16\n" +
			"  hfbot convert acme/tiny@main converted --max-shard-size 5GB",
		Args: arguments(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			o.src, o.dst, o.out, o.err = args[0], args[1], c.OutOrStdout(), c.ErrOrStderr()
			if o.dst == "" {
				return usageErrorf("DST is empty; name a file or a folder")
			}
			if o.maxShard != "" {
				size, err := convert.ParseSize(o.maxShard)
				if err != nil {
					return usageErrorf("--max-shard-size: %w", err)
				}
				o.convert.MaxShard = size
			}
			cfg, err := config.Load(c.Flags())
			if err != nil {
				return err
			}
			defer debug.SetGCPercent(debug.SetGCPercent(thrifty))
			return runConvert(c.Context(), cfg, o)
		},
	}
	c.Flags().StringVar(&o.convert.Key, "key", "", "entry of a nested checkpoint to take (default: found by itself)")
	c.Flags().StringVar(&o.convert.Shared, "shared", convert.Dedupe, "tensors that share memory: dedupe or duplicate")
	c.Flags().StringVar(&o.convert.DType, "dtype", convert.KeepType, "type of the numbers: keep, bf16 or f16")
	c.Flags().StringVar(&o.maxShard, "max-shard-size", "", "split and merge into files of at most this size, such as 5GB")
	c.Flags().BoolVar(&o.verify, "verify", false, "read source and result again and compare every byte")
	addFormat(c, &o.format, formatText, formatJSON)
	return c
}

func runConvert(ctx context.Context, cfg *config.Config, o convertOptions) error {
	src, err := openSource(ctx, cfg, o.src, o.convert, tellRetries(o.err))
	if err != nil {
		return err
	}
	if len(src.groups) == 0 {
		return fmt.Errorf("convert %s: it holds no PyTorch weights to convert%s", o.src, listSkipped(src.skipped))
	}
	result := converted{Verdict: convert.OK, Output: o.dst, Skipped: src.skipped}
	err = convertSource(ctx, src, o, &result)
	var no *convert.RefusedError
	switch {
	case errors.As(err, &no):
		result = converted{Verdict: no.Plan.Verdict, Reason: no.Plan.Reason}
		if src.folder {
			result.Reason = no.Path + ": " + no.Plan.Reason
		}
	case err != nil:
		return fmt.Errorf("convert %s: %w", o.src, err)
	}
	if err := showConverted(o, result); err != nil {
		return err
	}
	if no != nil {
		return refused(o.src, &convert.Plan{Verdict: result.Verdict, Reason: result.Reason})
	}
	return nil
}

// listSkipped says why files of a folder were left alone.
func listSkipped(skipped map[string]string) string {
	var text string
	for i, name := range slices.Sorted(maps.Keys(skipped)) {
		if i == 5 {
			return text + fmt.Sprintf("; and %d more", len(skipped)-i)
		}
		text += fmt.Sprintf("; %s: %s", name, skipped[name])
	}
	return text
}

func showConverted(o convertOptions, result converted) error {
	if o.format.value == formatJSON {
		return writeJSON(o.out, result)
	}
	if result.Verdict != convert.OK {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(result.Skipped)) {
		fmt.Fprintf(o.err, "left alone: %s: %s\n", printable(name, 1000), printable(result.Skipped[name], 1000))
	}
	for _, f := range result.Files {
		for _, warning := range f.Warnings {
			fmt.Fprintf(o.err, "warning: %s: %s\n", printable(f.Path, 1000), printable(warning, 500))
		}
		_, err := fmt.Fprintf(o.out, "%s: %s, %d bytes\n", printable(f.Path, 1000), count(f.Tensors, "tensor"), f.Bytes)
		if err != nil {
			return err
		}
	}
	return nil
}
