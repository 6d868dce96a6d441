package emulator

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/hfbot/hfbot/hub"
)

var (
	// errRefMoved tells that a ref is not where the caller thought it was.
	errRefMoved = errors.New("the reference was updated by someone else")
	// errNoRevision tells that a revision names nothing here.
	errNoRevision = errors.New("revision not found")
)

var hexDigits = regexp.MustCompile(`^[0-9a-f]{4,40}$`)

// setRef moves a ref from old to hash, or fails with errRefMoved when it is not at old. A zero old creates the ref, a
// zero hash deletes it.
func (r *repo) setRef(ref string, hash, old plumbing.Hash) error {
	if err := plumbing.ReferenceName(ref).Validate(); err != nil || !strings.HasPrefix(ref, "refs/") {
		return fmt.Errorf("invalid reference name %q", ref)
	}
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	if r.git.refs[ref] != old {
		return errRefMoved
	}
	r.changed.Store(true)
	if hash.IsZero() {
		delete(r.git.refs, ref)
		return nil
	}
	if _, ok := r.git.objects[hash]; !ok {
		return fmt.Errorf("set %s: object %s: %w", ref, hash, plumbing.ErrObjectNotFound)
	}
	r.git.refs[ref] = hash
	return nil
}

// head is what a ref points at.
func (r *repo) head(ref string) (plumbing.Hash, bool) {
	r.git.mu.RLock()
	defer r.git.mu.RUnlock()
	hash, ok := r.git.refs[ref]
	return hash, ok
}

// resolve finds the commit that a revision names: a branch, a tag, a full ref, or a commit id of 4 to 40 digits. An
// empty revision is main. It fails with errNoRevision.
func (r *repo) resolve(rev string) (plumbing.Hash, error) {
	if rev == "" || rev == "HEAD" {
		rev = "main"
	}
	for _, ref := range []string{rev, "refs/heads/" + rev, "refs/tags/" + rev, "refs/" + rev} {
		if hash, ok := r.head(ref); ok {
			return r.peel(hash)
		}
	}
	if !hexDigits.MatchString(rev) {
		return plumbing.ZeroHash, errNoRevision
	}
	if len(rev) == 40 {
		return r.peel(plumbing.NewHash(rev))
	}
	if hash, ok := r.git.withPrefix(rev); ok {
		return hash, nil
	}
	return plumbing.ZeroHash, errNoRevision
}

// peel follows annotated tags to the commit.
func (r *repo) peel(hash plumbing.Hash) (plumbing.Hash, error) {
	const tagsOfTags = 10
	for range tagsOfTags {
		o, err := r.git.EncodedObject(plumbing.AnyObject, hash)
		if err != nil {
			return plumbing.ZeroHash, errNoRevision
		}
		if o.Type() == plumbing.CommitObject {
			return hash, nil
		}
		tag, err := object.DecodeTag(r.git, o)
		if err != nil {
			return plumbing.ZeroHash, errNoRevision
		}
		hash = tag.Target
	}
	return plumbing.ZeroHash, errNoRevision
}

// commit reads a commit.
func (r *repo) commit(hash plumbing.Hash) (*object.Commit, error) {
	return object.GetCommit(r.git, hash)
}

// updatedRef tells a ref change the way webhooks do: empty for a zero hash.
func updatedRef(ref string, old, hash plumbing.Hash) hub.UpdatedRef {
	change := hub.UpdatedRef{Ref: ref}
	if !old.IsZero() {
		change.OldSHA = old.String()
	}
	if !hash.IsZero() {
		change.NewSHA = hash.String()
	}
	return change
}
