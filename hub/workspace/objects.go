package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/utils/ioutil"
)

const (
	// largeBlob is the size above which a blob is never in memory as a whole, in bytes.
	largeBlob = 1 << 20
	// maxTree bounds one folder's tree object, in bytes.
	maxTree = 32 << 20
	// objectCache is how much go-git keeps of the objects read last, in bytes.
	objectCache = 8 * cache.MiByte
)

// objectStore holds the git objects of a fetch on disk. Git's own files are in a folder that nothing else reads.
type objectStore struct {
	spoolDir string

	mu      sync.Mutex // go-git's storage is not safe for concurrent use
	storage *filesystem.Storage
	spooled map[plumbing.Hash]string // large blobs by the file that holds them
}

func newObjectStore(dir, spoolDir string) (*objectStore, error) {
	for _, d := range []string{dir, spoolDir} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	storage := filesystem.NewStorageWithOptions(osfs.New(dir, osfs.WithBoundOS()), cache.NewObjectLRU(objectCache),
		filesystem.Options{ExclusiveAccess: true, KeepDescriptors: true, LargeObjectThreshold: largeBlob})
	if _, err := git.Init(storage, nil); err != nil {
		return nil, fmt.Errorf("make the object store: %w", err)
	}
	return &objectStore{spoolDir: spoolDir, storage: storage, spooled: map[plumbing.Hash]string{}}, nil
}

func (s *objectStore) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.storage.Close()
}

// hasCommit tells whether the commit is here. Objects are stored by the hash of what was received, so a server cannot
// pass one commit off as another.
func (s *objectStore) hasCommit(sha string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	commit, err := object.GetCommit(s.storage, plumbing.NewHash(sha))
	return err == nil && commit.Hash.String() == sha
}

// size is a blob's size; errors.Is(err, plumbing.ErrObjectNotFound) when it was left out of the pack.
func (s *objectStore) size(blob plumbing.Hash) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.storage.EncodedObjectSize(blob)
}

// read returns a blob of at most limit bytes.
func (s *objectStore) read(blob plumbing.Hash, limit int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	content, err := s.reader(blob)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return io.ReadAll(io.LimitReader(content, limit))
}

func (s *objectStore) reader(blob plumbing.Hash) (io.ReadCloser, error) {
	encoded, err := s.storage.EncodedObject(plumbing.BlobObject, blob)
	if err != nil {
		return nil, err
	}
	return encoded.Reader()
}

// spool writes a blob to a file of its own, once, and returns the file's name.
func (s *objectStore) spool(ctx context.Context, blob plumbing.Hash) (_ string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name, ok := s.spooled[blob]; ok {
		return name, nil
	}
	content, err := s.reader(blob)
	if err != nil {
		return "", err
	}
	defer content.Close()
	name := filepath.Join(s.spoolDir, blob.String())
	out, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, ioutil.NewContextReader(ctx, content))
	if err := errors.Join(err, out.Close()); err != nil {
		return "", errors.Join(err, os.Remove(name))
	}
	s.spooled[blob] = name
	return name, nil
}
