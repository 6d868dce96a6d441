package builtin

import (
	"context"
	"crypto/sha1" //nolint:gosec // git names contents by it
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// Bounds of a commit that is made of inputs.
const (
	maxChangedFiles = 1000
	maxChangedBytes = 64 << 20
	maxPath         = 1000 // bytes, https://huggingface.co/spaces/huggingface/openapi
)

// changes are the contents of a commit.
type changes struct {
	Files     map[string]string `json:"files" doc:"contents, by path in the repository"`
	FilesFrom map[string]string `json:"files_from" doc:"files beside the rules, by path in the repository, taken as they are"`
	Delete    []string          `json:"delete" doc:"paths to remove; what is not there is passed over"`
}

// empty tells whether nothing is to be changed.
func (in changes) empty() bool { return len(in.Files)+len(in.FilesFrom)+len(in.Delete) == 0 }

// read gathers and checks the contents; nil stands for a path to remove.
func (in changes) read(rt *actions.Runtime) (map[string][]byte, error) {
	if n := len(in.Files) + len(in.FilesFrom) + len(in.Delete); n > maxChangedFiles {
		return nil, actions.Permanentf("%d files are too many for one commit; at most %d", n, maxChangedFiles)
	}
	contents, total := map[string][]byte{}, 0
	add := func(path string, content []byte) error {
		if err := checkPath(path); err != nil {
			return actions.Permanent(err)
		}
		if _, twice := contents[path]; twice {
			return actions.Permanentf("%q is named twice", path)
		}
		if total += len(content); total > maxChangedBytes {
			return actions.Permanentf("the files are larger than %d MiB together", maxChangedBytes>>20)
		}
		contents[path] = content
		return nil
	}
	for _, path := range slices.Sorted(maps.Keys(in.Files)) {
		if err := add(path, []byte(in.Files[path])); err != nil {
			return nil, err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(in.FilesFrom)) {
		content, err := fileBeside(rt, in.FilesFrom[path])
		if err != nil {
			return nil, actions.Permanentf("files_from: %w", err)
		}
		if err := add(path, append([]byte{}, content...)); err != nil {
			return nil, err
		}
	}
	for _, path := range in.Delete {
		if err := add(path, nil); err != nil {
			return nil, err
		}
	}
	return contents, nil
}

// checkPath tells why a path cannot be one of a repository. It may hold a stranger's words.
func checkPath(path string) error {
	switch {
	case path == "" || len(path) > maxPath:
		return fmt.Errorf("a path has 1 to %d bytes, got %d", maxPath, len(path))
	case strings.ContainsFunc(path, unicode.IsControl) || strings.Contains(path, `\`):
		return fmt.Errorf("path %q has characters that no path should have", path)
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") {
			return fmt.Errorf("path %q leads out of the repository or into its .git", path)
		}
	}
	return nil
}

// pending are those of the changes that a revision does not have yet.
func pending(
	ctx context.Context, client *hub.Client, repo hub.RepoRef, revision string, contents map[string][]byte,
) ([]hub.CommitFile, error) {
	paths := slices.Sorted(maps.Keys(contents))
	there := map[string]hub.TreeEntry{}
	for chunk := range slices.Chunk(paths, 100) {
		entries, err := client.PathsInfo(ctx, repo, revision, chunk)
		if err != nil {
			return nil, fmt.Errorf("look at %s at %s: %w", repo, revision, err)
		}
		for _, entry := range entries {
			there[entry.Path] = entry
		}
	}
	var files []hub.CommitFile
	for _, path := range paths {
		entry, exists := there[path]
		switch content := contents[path]; {
		case content == nil && exists:
			files = append(files, hub.CommitFile{Path: path, Delete: true})
		case content != nil && (!exists || !holds(entry, content)):
			files = append(files, hub.BytesFile(path, content))
		}
	}
	return files, nil
}

// holds tells whether an entry of a tree has this content.
func holds(entry hub.TreeEntry, content []byte) bool {
	if entry.LFS != nil {
		sum := sha256.Sum256(content)
		return entry.LFS.SHA256 == hex.EncodeToString(sum[:])
	}
	hash := sha1.New() //nolint:gosec // git's name of a content
	fmt.Fprintf(hash, "blob %d\x00", len(content))
	hash.Write(content)
	return entry.OID == hex.EncodeToString(hash.Sum(nil))
}

// changedNames lists what a commit changes.
func changedNames(files []hub.CommitFile) []string {
	names := []string{}
	for _, f := range files {
		names = append(names, f.Path)
	}
	return names
}

// movedOn makes an error that is tried again of a commit that came too late: the next try looks at the new head.
func movedOn(err error) error {
	if hub.IsOutdated(err) {
		return actions.RetryAfter(time.Second, fmt.Errorf("the branch moved on meanwhile: %w", err))
	}
	return err
}

// errNothing is for a commit without contents.
var errNothing = errors.New("give files, files_from or delete")
