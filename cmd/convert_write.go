package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"os"

	"github.com/hfbot/hfbot/convert"
)

// convertSource converts all of a source, or nothing: every checkpoint is inspected before the first is converted.
func convertSource(ctx context.Context, src *source, o convertOptions, result *converted) (err error) {
	total := int64(0)
	for _, g := range src.groups {
		m, err := convert.OpenModel(ctx, g, src.open, o.convert)
		if err != nil {
			return err
		}
		total += m.Size()
		if len(src.groups) == 1 {
			return writeModels(ctx, src, o, result, total, m)
		}
		if err := m.Close(); err != nil {
			return err
		}
	}
	return writeModels(ctx, src, o, result, total, nil)
}

// writeModels writes the models of a source; only may be the only one, open already.
func writeModels(
	ctx context.Context, src *source, o convertOptions, result *converted, total int64, only *convert.Model,
) (err error) {
	if only != nil {
		defer func() { err = errors.Join(err, only.Close()) }()
	}
	t, err := openTarget(src, o)
	if err != nil {
		return err
	}
	defer func() { err = t.finish(err) }()
	bar := newBar(o.err, total)
	defer bar.end()
	w := &modelWriter{o: o, t: t, bar: bar, result: result}
	if only != nil {
		return w.write(ctx, only)
	}
	for _, g := range src.groups {
		m, err := convert.OpenModel(ctx, g, src.open, o.convert)
		if err != nil {
			return err
		}
		if err := errors.Join(w.write(ctx, m), m.Close()); err != nil {
			return err
		}
	}
	return nil
}

// modelWriter writes models to a target.
type modelWriter struct {
	o      convertOptions
	t      *target
	bar    *bar
	result *converted
}

func (w *modelWriter) write(ctx context.Context, m *convert.Model) error {
	for _, output := range m.Outputs {
		w.bar.describe(output.Path)
		sum := sha256.New()
		if err := w.file(output.Path, func(f *os.File) error { return w.plan(ctx, output.Plan, f, sum) }); err != nil {
			return err
		}
		w.add(output, hex.EncodeToString(sum.Sum(nil)))
	}
	if m.IndexPath == "" {
		return nil
	}
	err := w.file(m.IndexPath, func(f *os.File) error {
		_, err := f.Write(m.Index)
		return err
	})
	return err
}

// file makes one file.
func (w *modelWriter) file(name string, write func(*os.File) error) error {
	f, err := w.t.create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

func (w *modelWriter) plan(ctx context.Context, plan *convert.Plan, f *os.File, sum io.Writer) error {
	if err := plan.Write(ctx, f, sum, w.bar); err != nil {
		return err
	}
	if w.o.verify {
		return plan.Verify(ctx, f, plan.Size())
	}
	return plan.CheckHeader(f, plan.Size())
}

// add takes a file into the result.
func (w *modelWriter) add(output convert.Output, sum string) {
	r, plan := w.result, output.Plan
	r.Tensors += len(plan.Tensors)
	r.Bytes += plan.Size()
	r.Dropped = append(r.Dropped, plan.Dropped...)
	if r.Aliases == nil && len(plan.Aliases) > 0 {
		r.Aliases = map[string]string{}
	}
	maps.Copy(r.Aliases, plan.Aliases)
	r.Files = append(r.Files, convertedFile{
		Path: w.t.shown(output.Path), Sources: output.Sources, Tensors: len(plan.Tensors), Bytes: plan.Size(), SHA256: sum,
		Warnings: plan.Warnings,
	})
}
