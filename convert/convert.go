// Package convert turns PyTorch checkpoints into safetensors without running any of their code, in constant memory.
//
// [Inspect] reads what a checkpoint holds, which takes few and small reads even of a file of many gigabytes, and says
// what it is by a [Verdict]. The [Plan] of a file that is [OK] is then written by [Plan.Write], checked by
// [Plan.Verify], or only hashed by [Plan.Hash]. [Choose] finds what to convert in a repository and [Index] describes
// the shards of a large model.
//
// The reader may be a local file or one that turns each ReadAt into a request.
package convert

import (
	"context"
	"fmt"
	"io"

	"github.com/hfbot/hfbot/convert/safetensors"
	"github.com/hfbot/hfbot/convert/torchfile"
)

// Verdict says what a checkpoint is.
type Verdict = torchfile.Verdict

// The verdicts. Of several that apply, the first in the order NotTorch, Dangerous, Malformed, TooBig, Unsupported is
// given.
const (
	OK          = torchfile.OK
	Dangerous   = torchfile.Dangerous   // its pickle would run code in Python
	Unsupported = torchfile.Unsupported // well formed, but holds something safetensors cannot
	Malformed   = torchfile.Malformed   // it breaks the format, or a limit on resources
	NotTorch    = torchfile.NotTorch    // no checkpoint
	TooBig      = torchfile.TooBig      // overlapping views would make the output far larger than the input
)

// Refusal is the error of [Plan.Write] and [Plan.Verify] for a file that turns out to be refused only when its bytes
// are read, with the verdict. What was written up to then is of no use.
type Refusal = torchfile.Refusal

// Values of Options.
const (
	Dedupe    = "dedupe"
	Duplicate = "duplicate"
	KeepType  = "keep"
	ToBF16    = "bf16"
	ToF16     = "f16"
)

// Options choose what is taken from a checkpoint.
type Options struct {
	// Key is the entry of a nested checkpoint that holds the tensors, such as "model" or "ema.params". "." is the top.
	// Empty: found by itself.
	Key string
	// Shared says what becomes of a tensor with several names: Dedupe (default) writes it once and names the others as
	// aliases in the metadata, Duplicate writes it under each. [OpenModel] keeps the name of an output layer where a loader needs it.
	Shared string
	// DType is KeepType (default), or ToBF16 or ToF16 to round F64, F32, F16 and BF16 tensors to nearest even.
	DType string
	// Tied are names to drop first among equals, such as transformers' _tied_weights_keys of the model's class.
	Tied []string
	// MaxShard is the most bytes of tensors that [OpenModel] puts into one file, 0 for as many as the checkpoints have.
	MaxShard int64
	// Inert takes objects of classes that are not on the allow-list for objects without content. Nothing of them is run
	// either way.
	Inert bool

	ties ties // from the model's config.json
}

// Tensor is one tensor of the output. Tensors share their shapes, which must not be changed.
type Tensor struct {
	Name   string
	DType  string // F32, BF16, ...
	Shape  []int64
	Bytes  int64
	SHA256 string // of its bytes, in hexadecimal; empty until Plan.Hash
}

// Plan is what a checkpoint holds and how it will be written.
type Plan struct {
	Verdict Verdict
	Reason  string            // of any verdict but OK
	Tensors []Tensor          // in output order
	Aliases map[string]string // dropped name -> kept name
	Globals []string          // "module.name" of every global in the pickles, sorted
	Dropped []string          // entries that are no tensors, or not below the key taken
	Key     string            // the entry of a nested checkpoint that was taken, empty for the top

	// Warnings, set by Write, say where a checkpoint differs from the checksums in it. Torch would load it all the same.
	Warnings []string

	file    *torchfile.File
	header  []byte
	sources []source // beside Tensors
	ends    []int64  // where the bytes of each end, counted from the end of the header, beside Tensors
	order   []int32  // indexes of Tensors in the order of the checkpoint
	sums    []uint32 // checksums beside Tensors, after Write
}

// source is where the bytes of a tensor come from.
type source struct {
	file   *torchfile.File
	tensor *torchfile.Tensor
}

// Inspect reads a checkpoint's metadata. An error means that reading failed or that the options are wrong; a refused
// checkpoint is a Plan with its Verdict.
func Inspect(ctx context.Context, r io.ReaderAt, size int64, opts Options) (*Plan, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	file, err := torchfile.Open(ctx, r, size, torchfile.Options{Inert: opts.Inert})
	if err != nil {
		return nil, fmt.Errorf("inspect checkpoint: %w", err)
	}
	p := &Plan{Verdict: file.Verdict, Reason: file.Reason, Globals: file.Globals, file: file}
	if p.Verdict != OK {
		return p, nil
	}
	state, refusal := selectState(file.Root, opts.Key)
	file.Root = nil // what was dropped need not stay in memory
	if refusal == nil {
		p.Dropped, p.Key = state.dropped, state.key
		refusal = p.arrange(state.tensors, opts)
	}
	if refusal != nil {
		p.Verdict, p.Reason = refusal.Verdict, refusal.Reason
		p.Tensors, p.Aliases, p.sources, p.ends, p.order = nil, nil, nil, nil, nil
	}
	return p, nil
}

func (o Options) check() error {
	switch o.Shared {
	case "", Dedupe, Duplicate:
	default:
		return fmt.Errorf("shared is %q; it can be %s or %s", o.Shared, Dedupe, Duplicate)
	}
	switch o.DType {
	case "", KeepType, ToBF16, ToF16:
	default:
		return fmt.Errorf("dtype is %q; it can be %s, %s or %s", o.DType, KeepType, ToBF16, ToF16)
	}
	return nil
}

// Size is the length of the safetensors file in bytes, or 0 for a refused checkpoint.
func (p *Plan) Size() int64 {
	if p.Verdict != OK {
		return 0
	}
	return int64(len(p.header)) + p.dataSize()
}

func (p *Plan) dataSize() int64 {
	if len(p.ends) == 0 {
		return 0
	}
	return p.ends[len(p.ends)-1]
}

// dtype is the type that a tensor is written as.
func (p *Plan) dtype(i int) safetensors.DType { return safetensors.DType(p.Tensors[i].DType) }

// start is where the bytes of a tensor begin, counted from the end of the header.
func (p *Plan) start(i int) int64 { return p.ends[i] - p.Tensors[i].Bytes }

// Header is the start of the safetensors file, before the bytes of tensors. It must not be changed.
func (p *Plan) Header() []byte { return p.header }
