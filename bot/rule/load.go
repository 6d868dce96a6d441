package rule

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hfbot/hfbot/actions"
)

// Bounds on what is read: a rules file is written by hand or by a small program.
const (
	maxFileSize = 32 << 20
	maxFiles    = 10_000
)

// Load reads rule files and folders. The Set is nil when there is an error; warnings alone leave it usable. Of a
// folder, every .yaml and .yml in it and below is read, but no test, hfbot.yaml, compose*.yaml or dot folder.
func Load(paths []string, opts Options) (*Set, Problems) {
	if opts.Actions == nil {
		opts.Actions = actions.NewRegistry()
	}
	l := newLoader(opts)
	files := l.find(paths)
	sum := fingerprint{sha256.New()}
	for _, name := range files {
		src, err := readFile(name)
		sum.add(name, src, err)
		if err != nil {
			l.fileProblem(name, err)
			continue
		}
		l.file(name, src)
	}
	l.check()
	problems := l.problems.sort()
	if problems.HasErrors() {
		return nil, problems
	}
	set := &Set{Files: files, Hash: sum.String(), LoadedAt: time.Now()}
	for _, d := range l.drafts {
		set.Rules = append(set.Rules, d.rule)
	}
	set.index = newIndex(set.Rules)
	return set, problems
}

// fingerprint is a hash of all files by name and content.
type fingerprint struct{ hash.Hash }

func (f fingerprint) add(name string, src []byte, err error) {
	fmt.Fprintf(f, "%s\x00%d\x00%t\x00%s", name, len(src), err != nil, src)
}

func (f fingerprint) String() string { return hex.EncodeToString(f.Sum(nil)) }

// loader gathers the rules of all files, and all that is wrong with them.
type loader struct {
	opts   Options
	drafts []*draft
	ids    map[string]*draft
	envs   *envCache

	mu       sync.Mutex // rules are checked at the same time
	problems Problems
}

func newLoader(opts Options) *loader {
	return &loader{opts: opts, ids: map[string]*draft{}, envs: newEnvCache()}
}

func (l *loader) note(p Problem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.problems = append(l.problems, p)
}

func (l *loader) fileProblem(name string, err error) {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	l.note(Problem{File: name, Severity: Error, Message: fmt.Sprintf("cannot be read: %v", err)})
}

// find lists the files of all paths, each once, those of a folder by name.
func (l *loader) find(paths []string) []string {
	var files []string
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			l.fileProblem(p, err)
		case !info.IsDir():
			files = append(files, p)
		default:
			found, err := filesIn(p)
			if err != nil {
				l.fileProblem(p, err)
			} else if len(found) == 0 {
				l.fileProblem(p, errors.New("the folder holds no rule file (*.yaml)"))
			}
			files = append(files, found...)
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(files, func(name string) bool {
		clean := filepath.Clean(name)
		twice := seen[clean]
		seen[clean] = true
		return twice
	})
}

// filesIn lists the rule files of a folder. Links to folders are followed at the top only, as ConfigMaps need it.
func filesIn(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != dir && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case !e.IsDir() && isRuleFile(e.Name()):
			files = append(files, path)
		}
		if len(files) > maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		return nil
	})
	return files, err
}

// isRuleFile tells whether a file of a rules folder holds rules, by its name.
func isRuleFile(name string) bool {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".yaml"), ".yml")
	return base != name && base != "hfbot" && !strings.HasPrefix(base, ".") &&
		!strings.HasSuffix(base, "_test") && !strings.HasPrefix(base, "compose")
}

// readFile reads a file of bounded size.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	src, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err := cmp.Or(err, f.Close()); err != nil {
		return nil, err
	}
	if len(src) > maxFileSize {
		return nil, fmt.Errorf("larger than %d MiB", maxFileSize>>20)
	}
	return src, nil
}
