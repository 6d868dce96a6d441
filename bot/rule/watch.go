package rule

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long the files must be left alone before they are read, since editors and git write in several steps.
	settle = 100 * time.Millisecond
	// sweep is how often the files are read without being told of a change: network folders and single files mounted into
	// a container tell of none.
	sweep = 5 * time.Second
)

// Watch calls changed with what Load gives each time the rules' content is another than that of hash, a Set.Hash; the
// Set is nil when the new rules are wrong, and the caller keeps the last good one. It returns when ctx ends. Files that
// editors replace, folders that git rewrites and ConfigMaps that swap a link are all followed.
func Watch(ctx context.Context, hash string, paths []string, opts Options, changed func(*Set, Problems)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch the rules: %w", err)
	}
	defer func() { _ = w.Close() }() // nothing is written through it
	quiet := time.NewTimer(0)        // once at the start, for what changed since the rules were loaded
	defer quiet.Stop()
	again := time.NewTicker(sweep)
	defer again.Stop()
	seen := hash // the content at the last look
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.Events:
			quiet.Reset(settle)
		case <-w.Errors: //nolint:errcheck // such as too many events at once: the sweep finds what they were
		case <-again.C:
			quiet.Reset(0)
		case <-quiet.C:
			follow(w, paths)
			switch now := HashOf(paths); now {
			case hash:
			case seen:
				hash = now
				changed(Load(paths, opts))
			default: // it may be half written: read it again when it had time to settle
				seen = now
				quiet.Reset(settle)
			}
		}
	}
}

// follow watches the folders that hold the rules, and single files besides, as a file mounted by itself changes without
// its folder. Watching twice does nothing, and what is missing now may be there at the next sweep.
func follow(w *fsnotify.Watcher, paths []string) {
	watched := map[string]bool{}
	for _, name := range w.WatchList() {
		watched[name] = true
	}
	add := func(name string) {
		if !watched[name] {
			_ = w.Add(name) // one that cannot be watched is found by the sweep
		}
	}
	for _, p := range paths {
		if info, err := os.Stat(p); err != nil || !info.IsDir() {
			add(filepath.Dir(p))
			add(p)
			continue
		}
		_ = filepath.WalkDir(p, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // what cannot be read now is looked at again by the sweep
			}
			if e.IsDir() && path != p && strings.HasPrefix(e.Name(), ".") {
				return fs.SkipDir
			}
			if e.IsDir() {
				add(path)
			}
			return nil
		})
	}
}

// HashOf is the Set.Hash that Load would give, also for rules that are wrong or missing.
func HashOf(paths []string) string {
	l := &loader{}
	sum := fingerprint{sha256.New()}
	for _, name := range l.find(paths) {
		src, err := readFile(name)
		sum.add(name, src, err)
	}
	return sum.String()
}
