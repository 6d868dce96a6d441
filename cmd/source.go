package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
)

// maxListed bounds the files of a folder or repository that are looked at.
const maxListed = 100_000

// source is where checkpoints come from: a file, a folder, a URL, or a repository at a revision.
type source struct {
	files   []string          // checkpoints by their path in the source, sorted
	groups  []convert.Group   // what of them converts together
	skipped map[string]string // why others do not
	open    convert.OpenFunc
	folder  bool                   // the result is a folder, not a file
	remote  bool                   // reading costs more than on a disk
	same    func(fs.FileInfo) bool // tells whether a local file is one of the checkpoints
}

var (
	// repoAtRevision is REPO@REVISION.
	repoAtRevision = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)@(\S+)$`)
	// repoAlone lacks the revision.
	repoAlone = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*@?$`)
)

// openSource finds out what SRC is. Nothing but metadata is read of a remote one; the client for the Hub is made with of.
func openSource(
	ctx context.Context, cfg *config.Config, name string, opts convert.Options, of ...hub.Option,
) (*source, error) {
	if u, err := url.Parse(name); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		return openURL(ctx, u)
	}
	info, err := os.Stat(name)
	switch found := repoAtRevision.FindStringSubmatch(name); {
	case err == nil && info.IsDir():
		return openFolder(name, opts)
	case err == nil && strings.HasSuffix(name, ".json"):
		return openIndex(name, opts)
	case err == nil:
		return openSingle(name)
	case found != nil && errors.Is(err, fs.ErrNotExist):
		return openRepo(ctx, cfg, hub.RepoRef{Type: hub.Model, Name: found[1]}, found[2], opts, of)
	}
	if _, noFolder := os.Stat(filepath.Dir(name)); noFolder != nil && repoAlone.MatchString(name) {
		err = fmt.Errorf("%w; if it is a repository on the Hub, say at which revision: %s@main", err, strings.TrimSuffix(name, "@"))
	}
	return nil, fmt.Errorf("open the checkpoint: %w", err)
}

// localFile is an open file on a disk.
type localFile struct {
	*os.File
	size int64
}

func (f localFile) Size() int64 { return f.size }

// openLocal opens a regular file. Opening a named pipe in the usual way would wait for somebody to write to it.
func openLocal(name string) (localFile, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return localFile{}, fmt.Errorf("open the checkpoint: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open the checkpoint: %s is %s and not a regular file", name, kindOf(info.Mode()))
	}
	if err != nil {
		return localFile{}, errors.Join(err, f.Close())
	}
	return localFile{f, info.Size()}, nil
}

// kindOf names what is not a regular file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

func openSingle(name string) (*source, error) {
	f, err := openLocal(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("open the checkpoint: %w", err)
	}
	base := filepath.Base(name)
	group := convert.Group{Files: map[string]string{base: outputName(base)}}
	if config, err := os.Stat(filepath.Join(filepath.Dir(name), configName)); err == nil && config.Mode().IsRegular() {
		group.Config = configName
	}
	return &source{
		files: []string{base}, groups: []convert.Group{group},
		open: func(_ context.Context, file string) (convert.File, error) {
			if file == configName {
				return openLocal(filepath.Join(filepath.Dir(name), configName))
			}
			return openLocal(name)
		},
		same: func(other fs.FileInfo) bool { return os.SameFile(info, other) },
	}, nil
}

// configName is the file beside a checkpoint that describes the model.
const configName = "config.json"

// outputName is what the only checkpoint of a source becomes in a folder.
func outputName(base string) string {
	if groups, _ := convert.Choose([]string{base}, convert.Options{}); len(groups) == 1 && groups[0].Files[base] != "" {
		return groups[0].Files[base]
	}
	return strings.TrimSuffix(base, path.Ext(base)) + ".safetensors"
}

func openFolder(name string, opts convert.Options) (*source, error) {
	var paths []string
	err := filepath.WalkDir(name, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != name && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir():
			return nil
		case len(paths) == maxListed:
			return fmt.Errorf("it holds more than %d files", maxListed)
		}
		relative, err := filepath.Rel(name, file)
		if err == nil {
			paths = append(paths, filepath.ToSlash(relative))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look through %s: %w", name, err)
	}
	s := newFolderSource(paths, opts)
	s.open = func(_ context.Context, file string) (convert.File, error) {
		return openLocal(filepath.Join(name, filepath.FromSlash(file)))
	}
	return s, nil
}

// openIndex takes the shards of one index.
func openIndex(name string, opts convert.Options) (*source, error) {
	f, err := openLocal(name) // inspect reads the shards alone, and would not notice that it is no file
	if err != nil {
		return nil, err
	}
	s, err := openFolder(filepath.Dir(name), opts)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	base := filepath.Base(name)
	s.groups = slices.DeleteFunc(s.groups, func(g convert.Group) bool { return g.Index != base })
	if len(s.groups) == 0 {
		why := s.skipped[base]
		if why == "" {
			why = "its name is not that of an index, such as pytorch_model.bin.index.json"
		}
		return nil, fmt.Errorf("open %s: %s", name, why)
	}
	s.files = slices.DeleteFunc(s.files, func(f string) bool { _, ok := s.groups[0].Files[f]; return !ok })
	return s, nil
}

func openRepo(
	ctx context.Context, cfg *config.Config, repo hub.RepoRef, revision string, opts convert.Options, of []hub.Option,
) (*source, error) {
	client, err := hub.New(cfg.Endpoint, cfg.Token, of...)
	if err != nil {
		return nil, err
	}
	info, err := client.RepoInfo(ctx, repo, revision)
	if err != nil {
		return nil, fmt.Errorf("open %s at %s: %w", repo.Name, revision, err)
	}
	var paths []string
	for entry, err := range client.Tree(ctx, repo, info.SHA) {
		if err != nil {
			return nil, fmt.Errorf("list %s at %s: %w", repo.Name, info.SHA, err)
		}
		if len(paths) == maxListed {
			return nil, fmt.Errorf("list %s at %s: it has more than %d files", repo.Name, info.SHA, maxListed)
		}
		if entry.Type == "file" && fs.ValidPath(entry.Path) && filepath.IsLocal(filepath.FromSlash(entry.Path)) {
			paths = append(paths, entry.Path)
		}
	}
	s := newFolderSource(paths, opts)
	s.remote = true
	s.open = func(ctx context.Context, file string) (convert.File, error) {
		return client.OpenFile(ctx, repo, info.SHA, file)
	}
	return s, nil
}

// newFolderSource chooses from the files of a folder or repository. Safetensors that are there already do not count:
// the result goes elsewhere.
func newFolderSource(paths []string, opts convert.Options) *source {
	s := &source{folder: true}
	var candidates []string
	for _, p := range paths {
		if !strings.HasSuffix(p, ".safetensors") && !strings.Contains(path.Base(p), ".safetensors.index") {
			candidates = append(candidates, p)
		}
		if slices.Contains([]string{".bin", ".pt", ".pth", ".ckpt"}, path.Ext(p)) {
			s.files = append(s.files, p)
		}
	}
	slices.Sort(s.files)
	s.groups, s.skipped = convert.Choose(candidates, opts)
	return s
}
