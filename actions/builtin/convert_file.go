package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
)

// converted is one file that is ready for upload.
type converted struct {
	Source, Path string
	Plan         *convert.Plan // nil for an index
	SHA256       string        // of the file, hex
	SourceSHA256 string        // of the checkpoint; empty when it is no LFS file
	Size         int64
	local        string // where the content is
}

// file is what the commit takes.
func (f converted) file() hub.CommitFile {
	return hub.CommitFile{
		Path: f.Path, Size: f.Size, SHA256: f.SHA256,
		Open: func() (io.ReadCloser, error) { return os.Open(f.local) },
	}
}

// refusedError is a checkpoint that cannot be converted.
type refusedError struct {
	path    string
	verdict convert.Verdict
	reason  string
}

// Error implements error.
func (e *refusedError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.path, e.verdict, e.reason)
}

// convertAll converts each group. A checkpoint that would run code fails the whole step; another that cannot be
// converted is named in refused, and is an error only when nothing else could be.
func (c *conversion) convertAll(
	ctx context.Context, groups []convert.Group,
) (done []converted, refused []string, err error) {
	for _, g := range groups {
		files, err := c.convertGroup(ctx, g)
		var no *refusedError
		switch {
		case errors.As(err, &no) && no.verdict != convert.Dangerous:
			refused = append(refused, no.Error())
		case no != nil:
			return nil, nil, actions.Permanentf("%w: the file would run code when Python loads it; nothing was converted", err)
		case err != nil:
			return nil, nil, err
		}
		done = append(done, files...)
	}
	if len(done) == 0 {
		return nil, nil, actions.Permanentf("no checkpoint could be converted: %s", strings.Join(refused, "; "))
	}
	return done, refused, nil
}

// convertGroup converts the checkpoints of a group and, for a sharded one, writes its index.
func (c *conversion) convertGroup(ctx context.Context, g convert.Group) ([]converted, error) {
	var done []converted
	for _, source := range slices.Sorted(maps.Keys(g.Files)) {
		c.rt.Report(int64(len(done)), int64(len(g.Files)), "converting "+source)
		file, err := c.convertFile(ctx, source, g.Files[source])
		if err != nil {
			return nil, err
		}
		done = append(done, file)
	}
	if g.Index == "" {
		return done, nil
	}
	index, err := c.writeIndex(ctx, g, done)
	if err != nil {
		return nil, err
	}
	return append(done, index), nil
}

// convertFile converts one checkpoint into the work folder and verifies the result.
func (c *conversion) convertFile(ctx context.Context, source, path string) (converted, error) {
	entry, err := c.ws.Stat(ctx, source)
	if err != nil {
		return converted{}, fmt.Errorf("find %s: %w", source, err)
	}
	checkpoint, err := c.ws.Open(ctx, source)
	if err != nil {
		return converted{}, fmt.Errorf("open %s: %w", source, err)
	}
	defer checkpoint.Close()
	opts := convert.Options{Key: c.in.Key, Shared: c.in.Shared, DType: c.in.DType}
	plan, err := convert.Inspect(ctx, checkpoint, checkpoint.Size(), opts)
	if err != nil {
		return converted{}, fmt.Errorf("inspect %s: %w", source, err)
	}
	if plan.Verdict != convert.OK {
		return converted{}, &refusedError{source, plan.Verdict, plan.Reason}
	}
	done := converted{Source: source, Path: path, Plan: plan, local: c.spoolName(path)}
	if entry.LFS != nil {
		done.SourceSHA256 = entry.LFS.SHA256
	}
	done.SHA256, done.Size, err = spool(done.local, func(w io.Writer) error { return plan.Write(ctx, w) })
	var late *convert.Refusal
	if errors.As(err, &late) {
		return converted{}, &refusedError{source, late.Verdict, late.Reason}
	}
	if err != nil {
		return converted{}, fmt.Errorf("convert %s: %w", source, err)
	}
	if err := verify(ctx, done); err != nil {
		return converted{}, fmt.Errorf("verify %s: %w", path, err)
	}
	return done, nil
}

// spoolName is where the content of a path is kept. The path itself comes from strangers and is not used.
func (c *conversion) spoolName(path string) string {
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(c.out, hex.EncodeToString(sum[:8]))
}

// spool writes a new file and gives its SHA-256 and size.
func spool(name string, write func(io.Writer) error) (sum string, size int64, err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", 0, err
	}
	hash := sha256.New()
	err = write(io.MultiWriter(f, hash))
	if info, statErr := f.Stat(); statErr == nil {
		size = info.Size()
	} else {
		err = errors.Join(err, statErr)
	}
	return hex.EncodeToString(hash.Sum(nil)), size, errors.Join(err, f.Close())
}

// verify reads a converted file back and compares it with its checkpoint, tensor by tensor.
func verify(ctx context.Context, done converted) error {
	f, err := os.Open(done.local)
	if err != nil {
		return err
	}
	defer f.Close()
	return done.Plan.Verify(ctx, f, done.Size)
}
