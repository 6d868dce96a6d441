// Package workspace gives a Hub repository as it was at one commit: fetched by git at depth 1, read file by file,
// LFS content taken lazily by ranged HTTP.
//
// Everything in a repository is a stranger's: names, sizes and contents. A Workspace therefore never checks a tree out.
// It reads files from the object store, shows regular files with clean relative paths only, and bounds what it
// transfers and lists. Symbolic links and submodules are not shown.
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
}

// Default limits.
const (
	DefaultPackBytes = 512 << 20
	DefaultFiles     = 100_000
)

// Limits bound what a stranger's repository may cost. 0 means the default.
type Limits struct {
	PackBytes int64 // of the git pack on the wire; a larger one has the files fetched one by one over HTTP instead
	Files     int   // entries of the tree, folders included; more are ErrTooLarge
}

func (l Limits) withDefaults() Limits {
	if l.PackBytes == 0 {
		l.PackBytes = DefaultPackBytes
	}
	if l.Files == 0 {
		l.Files = DefaultFiles
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
	Path string
	Size int64 // of the content, for LFS files too
	LFS  *LFS  // nil for a plain file
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
	opts    Options
	objects *objectStore // nil when the files come over HTTP
	paths   []string     // sorted

	mu    sync.Mutex
	files map[string]*file // by path
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
			err = errors.Join(err, w.Close())
		}
	}()
	if w.objects, err = fetch(ctx, opts); err == nil {
		w.files, err = w.objects.index(ctx, opts.SHA, opts.Limits.Files)
	} else if ctx.Err() == nil {
		w.files, err = indexByAPI(ctx, opts, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s at %s: %w", opts.Repo, opts.SHA, err)
	}
	for path := range w.files {
		w.paths = append(w.paths, path)
	}
	slices.Sort(w.paths)
	return w, nil
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

// Close removes the workspace's folder.
func (w *Workspace) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	if w.objects != nil {
		err = w.objects.close()
	}
	return errors.Join(err, os.RemoveAll(filepath.Clean(w.opts.Dir)))
}

// look finds a file and completes what is known of it.
func (w *Workspace) look(ctx context.Context, path string) (*file, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
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
