package convert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// File is an open checkpoint.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64 // in bytes
}

// OpenFunc opens a file of a repository or folder by its path.
type OpenFunc func(ctx context.Context, path string) (File, error)

// Output is one safetensors file of a model.
type Output struct {
	Path    string
	Sources []string // paths of the checkpoints its tensors come from
	Plan    *Plan
}

// Model is a group of checkpoints that convert together, inspected and ready to be written.
type Model struct {
	Group     Group
	Plans     map[string]*Plan // of each checkpoint by its path
	Outputs   []Output
	IndexPath string // empty when there is one output and no index
	Index     []byte // content of the new index
	files     []File
}

// RefusedError says which file of a model cannot be converted, and why.
type RefusedError struct {
	Path string
	Plan *Plan // its Verdict and Reason say why
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Path, e.Plan.Verdict, e.Plan.Reason)
}

func refusedFile(file string, v Verdict, err error) error {
	return &RefusedError{file, &Plan{Verdict: v, Reason: err.Error()}}
}

// OpenModel opens and inspects all checkpoints of a group and decides what is written. With MaxShard, or when there was
// no index, the tensors are shared out anew; else each checkpoint becomes one file. The index of the result names the
// tensors that are really there, and their size. Where the group's config.json says that transformers will not tie the
// embeddings, a tensor that is also the output layer is written under that name too. A [*RefusedError] means that the
// model cannot be converted.
func OpenModel(ctx context.Context, g Group, open OpenFunc, opts Options) (_ *Model, err error) {
	m := &Model{Group: g, Plans: make(map[string]*Plan, len(g.Files))}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	index, err := readModelIndex(ctx, g, open)
	if err != nil {
		return nil, err
	}
	if opts.ties, err = readTies(ctx, g, open); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(g.Files)) {
		f, err := open(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", name, err)
		}
		m.files = append(m.files, f)
		plan, err := Inspect(ctx, f, f.Size(), opts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if plan.Verdict != OK {
			return nil, &RefusedError{name, plan}
		}
		m.Plans[name] = plan
	}
	if index != nil {
		if err := index.check(m.Plans, path.Dir(g.Index)); err != nil {
			return nil, refusedFile(g.Index, Malformed, err)
		}
	}
	if opts.MaxShard > 0 {
		err = m.split(opts.MaxShard)
	} else {
		m.keep()
	}
	if err == nil && m.IndexPath != "" {
		err = m.writeIndex(index)
	}
	return m, err
}

// readModelIndex reads the index of a group, or returns nil when it has none.
func readModelIndex(ctx context.Context, g Group, open OpenFunc) (*Index, error) {
	if g.Index == "" {
		return nil, nil
	}
	f, err := open(ctx, g.Index)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", g.Index, err)
	}
	defer f.Close()
	r := &failing{r: io.NewSectionReader(f, 0, f.Size())}
	index, err := ReadIndex(r)
	switch {
	case r.err != nil:
		return nil, fmt.Errorf("%s: %w", g.Index, r.err)
	case err != nil:
		return nil, refusedFile(g.Index, Malformed, err)
	}
	return index, nil
}

// failing notes errors of reading, to tell them from faults of what was read.
type failing struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// keep makes one output of each checkpoint.
func (m *Model) keep() {
	for _, name := range slices.Sorted(maps.Keys(m.Group.Files)) {
		m.Outputs = append(m.Outputs, Output{m.Group.Files[name], []string{name}, m.Plans[name]})
	}
	m.IndexPath = m.Group.Outputs
}

// split shares the tensors out over files of a given size.
func (m *Model) split(limit int64) error {
	names := slices.Sorted(maps.Keys(m.Group.Files))
	plans := make([]*Plan, 0, len(names))
	for _, name := range names {
		plans = append(plans, m.Plans[name])
	}
	shards, err := reshard(plans, limit)
	if err != nil {
		return refusedFile(m.Group.first(), Unsupported, err)
	}
	dir, stem, variant := m.Group.stem()
	files, index := shardNames(dir, stem, variant, len(shards))
	for i, shard := range shards {
		m.Outputs = append(m.Outputs, Output{files[i], m.sourcesOf(shard, names, plans), shard})
	}
	m.IndexPath = index
	return nil
}

// sourcesOf lists the checkpoints that a shard takes tensors from.
func (m *Model) sourcesOf(shard *Plan, names []string, plans []*Plan) []string {
	var out []string
	for i, name := range names {
		if slices.ContainsFunc(shard.sources, func(s source) bool { return s.file == plans[i].file }) {
			out = append(out, name)
		}
	}
	return out
}

// stem takes the name of a group's output apart: its folder, the name without variant, number and extension, and the
// variant with its dot.
func (g Group) stem() (dir, stem, variant string) {
	if g.Outputs != "" {
		dir, base := path.Split(g.Outputs)
		stem, rest, _ := strings.Cut(base, ".safetensors.index")
		return dir, stem, strings.TrimSuffix(rest, ".json")
	}
	for _, output := range g.Files {
		dir, base := path.Split(strings.TrimSuffix(output, ".safetensors"))
		if i := strings.IndexByte(base, '.'); i > 0 {
			return dir, base[:i], base[i:]
		}
		return dir, base, ""
	}
	return "", "model", ""
}

// writeIndex makes the index of the outputs. What the old one says beside names and size is kept.
func (m *Model) writeIndex(old *Index) error {
	x := &Index{Metadata: make(map[string]rawJSON), WeightMap: make(map[string]string)}
	if old != nil {
		maps.Copy(x.Metadata, old.Metadata)
	}
	var total int64
	for _, o := range m.Outputs {
		for _, t := range o.Plan.Tensors {
			x.WeightMap[t.Name] = path.Base(o.Path)
			total += t.Bytes
		}
	}
	x.Metadata["total_size"] = rawJSON(fmt.Sprint(total))
	text, err := x.Encode()
	m.Index = text
	return err
}

// Size is the number of bytes of all outputs, the index included.
func (m *Model) Size() int64 {
	size := int64(len(m.Index))
	for _, o := range m.Outputs {
		size += o.Plan.Size()
	}
	return size
}

// Close closes the checkpoints. The plans are of no use afterwards.
func (m *Model) Close() error {
	var errs []error
	for _, f := range m.files {
		errs = append(errs, f.Close())
	}
	m.files = nil
	return errors.Join(errs...)
}
