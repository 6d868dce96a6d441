package builtin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
)

// spareDisk is how much of the disk a conversion leaves free, in bytes.
const spareDisk = 256 << 20

// converted is one file that is ready for the commit.
type converted struct {
	hub.CommitFile

	ignored bool     // the repository's .gitignore names it
	sources []origin // the checkpoints it was made from
	facts   facts

	warnings []string // where a checkpoint differs from its own checksums; not known of a file uploaded by an earlier attempt
}

// origin is a checkpoint.
type origin struct{ path, sha256 string }

// convertFile converts one output and, where the Hub keeps such files in its LFS store, uploads it at once, so that no
// more than one is on the disk.
func (c *conversion) convertFile(ctx context.Context, o convert.Output) (converted, error) {
	done := converted{facts: newFacts(o.Plan), CommitFile: hub.CommitFile{Path: o.Path, Size: o.Plan.Size()}}
	for _, path := range o.Sources {
		sum, err := c.sum(ctx, path)
		if err != nil {
			return converted{}, err
		}
		done.sources = append(done.sources, origin{path, sum})
	}
	ask := stamp(o, done.sources)
	if sum := c.note.find(o.Path, ask); sum != "" && !c.rt.DryRun {
		done.SHA256 = sum
		c.meter.skip(done.Size)
		if err := c.store(ctx, &done, o.Plan); err != nil || done.Stored {
			return done, err
		}
	}
	if err := c.make(ctx, &done, o); err != nil || c.rt.DryRun {
		return done, err
	}
	done.warnings = o.Plan.Warnings
	if err := c.store(ctx, &done, o.Plan); err != nil {
		return converted{}, err
	}
	c.note.add(o.Path, ask, done.SHA256)
	if err := c.rt.Remember(ctx, c.note.values()); err != nil {
		return converted{}, err
	}
	return done, nil
}

// make converts into the work folder and reads the result back, or, when the disk is too small, only hashes it: the
// bytes are then made once more for the upload.
func (c *conversion) make(ctx context.Context, done *converted, o convert.Output) (err error) {
	var late *convert.Refusal
	defer func() {
		if errors.As(err, &late) {
			err = &convert.RefusedError{Path: o.Sources[0], Plan: &convert.Plan{Verdict: late.Verdict, Reason: late.Reason}}
		}
	}()
	c.meter.note = "converting " + o.Path
	sum := sha256.New()
	free, err := c.free(c.out)
	if err != nil {
		return fmt.Errorf("look at the free space of the disk: %w", err)
	}
	if free < done.Size+spareDisk {
		if err := o.Plan.Write(ctx, sum, c.meter); err != nil {
			return fmt.Errorf("convert to %s: %w", o.Path, err)
		}
		done.SHA256 = hex.EncodeToString(sum.Sum(nil))
		return nil
	}
	name := c.spoolName(o.Path)
	if err := spool(ctx, name, o.Plan, sum, c.meter); err != nil {
		return errors.Join(fmt.Errorf("convert to %s: %w", o.Path, err), remove(name))
	}
	done.SHA256 = hex.EncodeToString(sum.Sum(nil))
	done.Open = func() (io.ReadCloser, error) { return os.Open(name) }
	return nil
}

// store uploads a file, if the Hub wants it by LFS. A file that is not spooled is made as it is read.
func (c *conversion) store(ctx context.Context, done *converted, plan *convert.Plan) error {
	file := done.CommitFile
	if file.Open == nil {
		file.Open = func() (io.ReadCloser, error) { return plan.Open(ctx) }
	}
	c.meter.note = "uploading " + done.Path
	open, counted := file.Open, c.meter.upload()
	file.Open = func() (io.ReadCloser, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		return counted.reader(r), nil
	}
	// CreatePR: who may only read may open pull requests, and upload for them.
	stored, ignored, err := c.rt.Hub.Store(ctx, c.repo, hub.CommitInput{CreatePR: true, Files: []hub.CommitFile{file}})
	if err != nil {
		return fmt.Errorf("upload %s to %s: %w", done.Path, c.repo, err)
	}
	counted.finish(done.Size)
	done.ignored = len(ignored) > 0
	if len(stored) == 1 && stored[0].Stored {
		done.Stored, done.Open = true, nil
		return remove(c.spoolName(done.Path))
	}
	if done.Open == nil && !done.ignored {
		return fmt.Errorf("%s does not fit the disk, and the Hub wants it inside the commit", done.Path)
	}
	return nil
}

// keepIndex takes the new index of a model, which is small.
func (c *conversion) keepIndex(ctx context.Context, m *convert.Model) (converted, error) {
	name := c.spoolName(m.IndexPath)
	if err := os.WriteFile(name, m.Index, 0o600); err != nil {
		return converted{}, err
	}
	sum := sha256.Sum256(m.Index)
	done := converted{CommitFile: hub.CommitFile{
		Path: m.IndexPath, Size: int64(len(m.Index)), SHA256: hex.EncodeToString(sum[:]),
		Open: func() (io.ReadCloser, error) { return os.Open(name) },
	}}
	if m.Group.Index != "" {
		sum, err := c.sum(ctx, m.Group.Index)
		if err != nil {
			return converted{}, err
		}
		done.sources = []origin{{m.Group.Index, sum}}
	}
	return done, nil
}

// spoolName is where the content of a path is kept. The path itself comes from strangers and is not used.
func (c *conversion) spoolName(path string) string {
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(c.out, hex.EncodeToString(sum[:16]))
}

// spool writes a new file, feeds the other writers the same bytes, and checks what is on the disk.
func spool(ctx context.Context, name string, plan *convert.Plan, more ...io.Writer) (err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := plan.Write(ctx, f, more...); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return plan.Check(ctx, f, info.Size())
}

// remove deletes a file that may not be there.
func remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// stamp tells one conversion from another: by the header of its output and by the bytes it was made from.
func stamp(o convert.Output, sources []origin) string {
	var b bytes.Buffer
	b.Write(o.Plan.Header())
	for _, s := range sources {
		fmt.Fprintf(&b, "%q %s\n", s.path, s.sha256)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}
