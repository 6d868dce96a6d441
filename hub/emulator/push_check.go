package emulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/hfbot/hfbot/hub"
)

// pushCheck looks at all that a push adds: whether everything that is named is there, whether trees have sane names,
// and whether files have the size and the LFS content that the Hub wants.
type pushCheck struct {
	*quarantine
	typ     hub.RepoType
	lfs     *lfsObjects
	commits map[plumbing.Hash]bool // checked, with all behind them
	trees   map[plumbing.Hash]int  // checked, with the number of entries below
	passed  map[plumbing.Hash]bool // all objects that were looked at
	large   []string               // paths of files that belong to LFS
	lost    []string               // paths of pointers without content
}

func newPushCheck(q *quarantine, typ hub.RepoType, lfs *lfsObjects) *pushCheck {
	return &pushCheck{
		quarantine: q, typ: typ, lfs: lfs, commits: map[plumbing.Hash]bool{}, trees: map[plumbing.Hash]int{},
		passed: map[plumbing.Hash]bool{},
	}
}

// tip checks what a ref is to point at: a commit, or for a tag also a tag object.
func (p *pushCheck) tip(ref string, hash plumbing.Hash) error {
	o, ok := p.get(hash)
	for ok && o.Type() == plumbing.TagObject && strings.HasPrefix(ref, "refs/tags/") {
		tag := &object.Tag{}
		if err := tag.Decode(o); err != nil {
			return fmt.Errorf("tag %s: %w", hash, err)
		}
		p.passed[hash] = true
		hash = tag.Target
		o, ok = p.get(hash)
	}
	switch {
	case !ok:
		return missing(hash)
	case o.Type() != plumbing.CommitObject:
		return errors.New("a branch points at a commit")
	}
	if err := p.history(hash); err != nil {
		return err
	}
	switch {
	case len(p.large) > 0:
		return errors.New(tooLarge(p.large...))
	case len(p.lost) > 0:
		return errors.New("Your push was rejected because an LFS pointer pointed to a file that does not exist. " +
			"Offending files: " + strings.Join(p.lost, ", "))
	}
	return p.card(hash)
}

func missing(hash plumbing.Hash) error { return fmt.Errorf("missing necessary object %s", hash) }

// history checks a commit and all before it that are new here.
func (p *pushCheck) history(tip plumbing.Hash) error {
	for queue := []plumbing.Hash{tip}; len(queue) > 0; {
		hash := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if p.commits[hash] {
			continue
		}
		p.commits[hash], p.passed[hash] = true, true
		o, isNew := p.objects[hash]
		if !isNew {
			if _, err := p.store.EncodedObject(plumbing.CommitObject, hash); err != nil {
				return missing(hash)
			}
			continue // was checked when it came
		}
		commit := &object.Commit{}
		if err := commit.Decode(o); err != nil {
			return fmt.Errorf("commit %s: %w", hash, err)
		}
		if _, err := p.tree(commit.TreeHash, ""); err != nil {
			return err
		}
		queue = append(queue, commit.ParentHashes...)
	}
	return nil
}

// tree checks a tree and returns how many entries are below it, counting what is named twice twice: crafted trees are
// small to send and endless to list.
func (p *pushCheck) tree(hash plumbing.Hash, prefix string) (int, error) {
	if count, done := p.trees[hash]; done {
		return count, nil
	}
	o, ok := p.get(hash)
	if !ok {
		return 0, missing(hash)
	}
	tree := &object.Tree{}
	if err := tree.Decode(o); err != nil {
		return 0, fmt.Errorf("tree %s: %w", hash, err)
	}
	count := 0
	names := map[string]bool{}
	for _, entry := range tree.Entries {
		below, err := p.entry(entry, prefix)
		if err != nil {
			return 0, err
		}
		if count += 1 + below; count > maxTreeFiles || names[entry.Name] {
			return 0, fmt.Errorf("tree %s: too many files or the same name twice", hash)
		}
		names[entry.Name] = true
	}
	p.trees[hash], p.passed[hash] = count, true
	return count, nil
}

func (p *pushCheck) entry(entry object.TreeEntry, prefix string) (below int, err error) {
	path := prefix + entry.Name
	if strings.Contains(entry.Name, "/") {
		return 0, fmt.Errorf("invalid path %q", path)
	}
	if err := checkPath(path); err != nil {
		return 0, err
	}
	switch entry.Mode {
	case filemode.Dir:
		return p.tree(entry.Hash, path+"/")
	case filemode.Submodule:
		return 0, nil
	}
	return 0, p.file(entry.Hash, path)
}

func (p *pushCheck) file(hash plumbing.Hash, path string) error {
	const named = 10 // offending files in a message
	if p.oversized[hash] {
		if len(p.large) < named && !slices.Contains(p.large, path) {
			p.large = append(p.large, path)
		}
		return nil
	}
	o, ok := p.get(hash)
	if !ok || o.Type() != plumbing.BlobObject {
		return missing(hash)
	}
	p.passed[hash] = true
	if _, isNew := p.objects[hash]; !isNew || o.Size() > maxPointerSize {
		return nil
	}
	content, err := readObject(o)
	if err != nil {
		return err
	}
	if target, ok := parsePointer(content); ok && !p.lfs.has(target) && len(p.lost) < named {
		p.lost = append(p.lost, path)
	}
	return nil
}

// card checks the metadata of the README.md that a ref will show.
func (p *pushCheck) card(tip plumbing.Hash) error {
	o, _ := p.get(tip)
	commit, tree := &object.Commit{}, &object.Tree{}
	if err := commit.Decode(o); err != nil {
		return err
	}
	root, _ := p.get(commit.TreeHash)
	if err := tree.Decode(root); err != nil {
		return err
	}
	for _, entry := range tree.Entries {
		if entry.Name != cardFile || !entry.Mode.IsFile() {
			continue
		}
		blob, _ := p.get(entry.Hash)
		content, err := readObject(blob)
		if err != nil {
			return err
		}
		if _, err = checkCard(content, p.typ); err != nil {
			return fmt.Errorf("your push was rejected during YAML metadata verification: %w", err)
		}
		return nil
	}
	return nil
}

// admit stores the objects that passed. What a pack contains beside them is dropped.
func (p *pushCheck) admit() {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	for hash := range p.passed {
		if o, isNew := p.objects[hash]; isNew && p.store.objects[hash] == nil {
			p.store.keep(hash, o)
		}
	}
}
