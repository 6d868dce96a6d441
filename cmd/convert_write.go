package cmd

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"

	"github.com/hfbot/hfbot/convert"
)

// target is where results go. They are written under other names first and take their own all together at the end, so
// that a failure leaves nothing behind.
type target struct {
	root    *os.Root
	name    string      // shown before the names of files
	only    string      // the name of the only file, when DST is one
	parts   [][2]string // temporary name, own name
	folders []string    // made by us, the outermost first
	made    string      // DST itself, when we made it
}

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// openTarget looks at DST before anything is converted.
func openTarget(src *source, o convertOptions) (*target, error) {
	info, err := os.Stat(o.dst)
	folder := src.folder || o.convert.MaxShard > 0 || err == nil && info.IsDir()
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err == nil && folder && !info.IsDir():
		return nil, fmt.Errorf("%s becomes a folder of files, but %s is %s", o.src, o.dst, kindOrFile(info.Mode()))
	case err == nil && !folder && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is %s; the result is a regular file", o.dst, kindOf(info.Mode()))
	case err == nil && src.same != nil && src.same(info):
		return nil, fmt.Errorf("%s is the checkpoint itself", o.dst)
	}
	t := &target{name: o.dst}
	dir := o.dst
	if !folder {
		t.name, t.only = filepath.Dir(o.dst), filepath.Base(o.dst)
		dir = t.name
	} else if err != nil {
		if err := os.Mkdir(o.dst, 0o755); err != nil {
			return nil, err
		}
		t.made = o.dst
	}
	if t.root, err = os.OpenRoot(dir); err != nil {
		return nil, err
	}
	return t, nil
}

func kindOrFile(mode fs.FileMode) string {
	if mode.IsRegular() {
		return "a file"
	}
	return kindOf(mode)
}

// create makes a file that will have a path in the target.
func (t *target) create(file string) (*os.File, error) {
	if t.only != "" {
		file = t.only
	}
	dir := path.Dir(file)
	if err := t.makeFolder(dir); err != nil {
		return nil, err
	}
	name := path.Join(dir, "."+path.Base(file)+"-"+rand.Text()[:8])
	f, err := t.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	t.parts = append(t.parts, [2]string{name, file})
	return f, nil
}

func (t *target) makeFolder(dir string) error {
	if dir == "." {
		return nil
	}
	if err := t.makeFolder(path.Dir(dir)); err != nil {
		return err
	}
	err := t.root.Mkdir(dir, 0o755)
	if err == nil {
		t.folders = append(t.folders, dir)
	} else if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return err
}

// shown is the path of a file as the user sees it.
func (t *target) shown(file string) string {
	if t.only != "" {
		file = t.only
	}
	return filepath.Join(t.name, filepath.FromSlash(file))
}

// finish gives the files their names, or takes all away.
func (t *target) finish(failed error) error {
	for failed == nil && len(t.parts) > 0 {
		failed = t.root.Rename(t.parts[0][0], t.parts[0][1])
		if failed == nil {
			t.parts = t.parts[1:]
		}
	}
	if failed != nil {
		for _, part := range t.parts {
			failed = errors.Join(failed, t.root.Remove(part[0]))
		}
		for i := len(t.folders) - 1; i >= 0; i-- {
			_ = t.root.Remove(t.folders[i]) // stays when others use it by now
		}
	}
	failed = errors.Join(failed, t.root.Close())
	if failed != nil && t.made != "" {
		_ = os.Remove(t.made)
	}
	return failed
}

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
