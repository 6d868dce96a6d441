// Package workspace gives a Hub repository as it was at one commit: fetched by git at depth 1, read file by file,
// LFS content taken lazily by ranged HTTP.
//
// Everything in a repository is a stranger's: names, sizes and contents. A Workspace therefore never checks a tree out
// as git does. It reads files from the object store, shows regular files with clean relative paths only, and bounds what
// it transfers, unpacks and lists. Symbolic links and submodules are not shown. Who needs files on disk has them written
// through an os.Root.
package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/hfbot/hfbot/hub"
)

var (
	// ErrSuperseded says that the commit is gone (a force push); the event it came from is out of date.
	ErrSuperseded = errors.New("workspace: the commit is no longer in the repository")
	// ErrTooLarge says that a repository or file is larger than the limits allow.
	ErrTooLarge = errors.New("workspace: larger than the limit")
	// ErrMalformed says that the repository's tree is not one that git itself would check out.
	ErrMalformed = errors.New("workspace: the repository's tree is malformed")
	// ErrCorrupt says that a content does not have the hash that the commit says it has.
	ErrCorrupt = errors.New("workspace: the content does not have the hash in the repository")
)

// Options say what to open and how much of it.
type Options struct {
	Client *hub.Client
	Repo   hub.RepoRef
	SHA    string // 40 hex
	Ref    string // a ref that held SHA, tried when the server refuses to serve SHA itself; may be empty
	Dir    string // an empty folder that the workspace owns until Close; made when missing
	Limits Limits // zero: defaults

	// Cache is asked first whether the commit is there already; nil: none. It does not keep what Paths chooses.
	Cache *Cache

	// Source says how the files come; empty: SourceAuto.
	Source Source
	// Paths are all the files that will be read, when they are known before. The workspace then holds these only (those
	// that exist), and a few of them come over HTTP without a fetch by git.
	Paths []string
}

// Source is a way by which the files of a repository come.
type Source string

// The sources.
const (
	SourceAuto  Source = "auto"  // files for a few known paths, else git, and files when git fails
	SourceGit   Source = "git"   // git only
	SourceFiles Source = "files" // the Hub's HTTP API only
)

// fewPaths is up to how many known paths are read over HTTP rather than by git, which takes two calls for any number.
const fewPaths = 5

// Default limits.
const (
	DefaultPackBytes   = 512 << 20
	DefaultBytes       = 4 << 30
	DefaultObjectBytes = 64 << 20
	DefaultFiles       = 100_000
	DefaultTime        = 10 * time.Minute
)

// Limits bound what a stranger's repository may cost. 0 means the default. Over the first three limits git gives up, and
// the files are fetched one by one over HTTP instead.
type Limits struct {
	PackBytes   int64 // of the git pack on the wire
	Bytes       int64 // of the git pack when it is unpacked
	ObjectBytes int64 // of one object in the git pack, which is in memory while the pack is indexed

	Files int           // entries of the tree, folders included; more are ErrTooLarge
	Time  time.Duration // of Open
}

func (l Limits) withDefaults() Limits {
	if l.PackBytes == 0 {
		l.PackBytes = DefaultPackBytes
	}
	if l.Bytes == 0 {
		l.Bytes = DefaultBytes
	}
	if l.ObjectBytes == 0 {
		l.ObjectBytes = DefaultObjectBytes
	}
	if l.Files == 0 {
		l.Files = DefaultFiles
	}
	if l.Time == 0 {
		l.Time = DefaultTime
	}
	return l
}

// LFS is the content a pointer file names.
type LFS struct {
	SHA256 string // hex
	Size   int64  // in bytes
}

// Entry is one file of the tree.
type Entry struct {
	Path       string
	Size       int64 // of the content, for LFS files too
	LFS        *LFS  // nil for a plain file
	Executable bool  // known from git only
}

// File is an open file with random access. Files from git are read from disk or memory. The content of LFS files comes
// over HTTP while the context given to Open lasts; when it is read from start to end, its hash is checked and reading
// the last byte may fail with ErrCorrupt.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Workspace is a repository at a commit. It is safe for concurrent use.
type Workspace struct {
	*snapshot

	opts    Options
	release func() error // gives the snapshot back, once

	mu     sync.Mutex
	onDisk map[string]bool // paths that Materialize wrote
}

// snapshot is what was fetched of a repository at a commit. Several workspaces may share it.
type snapshot struct {
	objects *objectStore // nil when the files come over HTTP
	paths   []string     // sorted

	filesMu sync.Mutex
	files   map[string]*file // by path
}

func (s *snapshot) close() error {
	if s.objects == nil {
		return nil
	}
	return s.objects.close()
}

// file is a regular file of the tree. What is known of its content is found out when it is asked for.
type file struct {
	entry  Entry
	blob   plumbing.Hash
	known  bool // entry is complete
	remote bool // the blob is not in the object store
}

var fullSHA = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Open fetches a repository at a commit. The git protocol comes first, the Hub's HTTP API second. Every way leads to
// the very commit that was asked for, never to a newer one; when it is gone, the error is [ErrSuperseded].
func Open(ctx context.Context, opts Options) (_ *Workspace, err error) {
	if !fullSHA.MatchString(opts.SHA) {
		return nil, fmt.Errorf("workspace: %q is not a full commit id of 40 hex digits", opts.SHA)
	}
	opts.Limits = opts.Limits.withDefaults()
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	w := &Workspace{opts: opts}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(filepath.Clean(opts.Dir)))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, opts.Limits.Time)
	defer cancel()
	if opts.Cache != nil && len(opts.Paths) == 0 {
		w.snapshot, w.release, err = opts.Cache.take(ctx, opts)
	} else {
		w.snapshot, err = index(ctx, opts)
		w.release = w.close
	}
	if err != nil {
		return nil, fmt.Errorf("open %s at %s: %w", opts.Repo, opts.SHA, err)
	}
	return w, nil
}

// index fetches the commit into opts.Dir and lists its files.
func index(ctx context.Context, opts Options) (_ *snapshot, err error) {
	s := &snapshot{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.fill(ctx, opts); err != nil {
		return nil, err
	}
	for path := range s.files {
		if len(opts.Paths) > 0 && !slices.Contains(opts.Paths, path) {
			delete(s.files, path)
			continue
		}
		s.paths = append(s.paths, path)
	}
	slices.Sort(s.paths)
	return s, nil
}

func (s *snapshot) fill(ctx context.Context, opts Options) (err error) {
	few := len(opts.Paths) > 0 && len(opts.Paths) <= fewPaths
	switch {
	case opts.Source == SourceFiles, opts.Source != SourceGit && few:
		s.files, err = indexByAPI(ctx, opts, nil)
		return err
	case opts.Source != SourceGit && opts.Source != SourceAuto && opts.Source != "":
		return fmt.Errorf("workspace: there is no source %q", opts.Source)
	}
	if s.objects, err = fetch(ctx, opts); err == nil {
		s.files, err = s.objects.index(ctx, opts.SHA, opts.Limits.Files)
		return err
	}
	if ctx.Err() != nil {
		return err
	}
	if opts.Source == SourceGit {
		if errors.Is(err, errNotOurRef) {
			return ErrSuperseded
		}
		return err
	}
	s.files, err = indexByAPI(ctx, opts, err)
	return err
}

// SHA is the commit.
func (w *Workspace) SHA() string { return w.opts.SHA }

// List yields the files, sorted by path.
func (w *Workspace) List(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, path := range w.paths {
			entry, err := w.Stat(ctx, path)
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

// Stat describes one file. One that does not exist is fs.ErrNotExist.
func (w *Workspace) Stat(ctx context.Context, path string) (Entry, error) {
	f, err := w.look(ctx, path)
	if err != nil {
		return Entry{}, err
	}
	return f.entry, nil
}

// ReadFile reads a whole file of at most limit bytes; a larger one is [ErrTooLarge].
func (w *Workspace) ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	f, err := w.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Size() > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d are read", ErrTooLarge, path, f.Size(), limit)
	}
	content := make([]byte, f.Size())
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, f.Size()), content); err != nil {
		return nil, fmt.Errorf("workspace: read %s: %w", path, err)
	}
	return content, nil
}

// ReadRange reads n bytes of a file from an offset, fewer where the file ends. A part of an LFS file cannot be verified.
func (w *Workspace) ReadRange(ctx context.Context, path string, offset int64, n int) ([]byte, error) {
	f, err := w.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if offset < 0 || n < 0 {
		return nil, fmt.Errorf("workspace: read %d bytes of %s from %d", n, path, offset)
	}
	part := make([]byte, max(min(int64(n), f.Size()-offset), 0))
	if _, err := io.ReadFull(io.NewSectionReader(f, offset, int64(len(part))), part); err != nil {
		return nil, fmt.Errorf("workspace: read %s: %w", path, err)
	}
	return part, nil
}

// Close removes the workspace's folder.
func (w *Workspace) Close() error {
	w.mu.Lock()
	release := w.release
	w.release = func() error { return nil }
	w.mu.Unlock()
	return errors.Join(release(), os.RemoveAll(filepath.Clean(w.opts.Dir)))
}

// look finds a file and completes what is known of it.
func (w *Workspace) look(ctx context.Context, path string) (*file, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.filesMu.Lock()
	defer w.filesMu.Unlock()
	f, ok := w.files[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	if f.known {
		return f, nil
	}
	if err := w.complete(ctx, f); err != nil {
		return nil, fmt.Errorf("workspace: stat %s: %w", path, err)
	}
	f.known = true
	return f, nil
}
