package emulator

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

const (
	maxPushBytes   = 1 << 30 // of all unpacked objects of one push, and of the pack itself
	maxPushObjects = 1_000_000
)

// quarantine holds the objects of a push until they are checked. Files that are too large are not kept, only noted.
type quarantine struct {
	store     *gitStore // what is here already
	objects   map[plumbing.Hash]plumbing.EncodedObject
	oversized map[plumbing.Hash]bool
	bytes     int64
}

func newQuarantine(store *gitStore) *quarantine {
	return &quarantine{
		store: store, objects: map[plumbing.Hash]plumbing.EncodedObject{}, oversized: map[plumbing.Hash]bool{},
	}
}

// get finds an object among the new and the old ones.
func (q *quarantine) get(hash plumbing.Hash) (plumbing.EncodedObject, bool) {
	if o, ok := q.objects[hash]; ok {
		return o, true
	}
	o, err := q.store.EncodedObject(plumbing.AnyObject, hash)
	return o, err == nil
}

// unpack reads a whole pack. Deltas are resolved against what came before them in the pack, as git writes it;
// a pack that builds on objects outside of it is refused, because this server asks for no thin packs.
func (q *quarantine) unpack(pack io.Reader) error {
	scanner := packfile.NewScanner(&boundedReader{pack, maxPushBytes})
	_, count, err := scanner.Header()
	if err != nil {
		return fmt.Errorf("read the pack: %w", err)
	}
	if count > maxPushObjects {
		return errors.New("the push has too many objects")
	}
	places := map[int64]plumbing.Hash{}
	var waiting []delta // on a base that comes later in the pack
	for range count {
		header, err := scanner.NextObjectHeader()
		if err != nil {
			return fmt.Errorf("read the pack: %w", err)
		}
		late, err := q.unpackNext(scanner, header, places)
		if err != nil {
			return err
		}
		if late != nil {
			waiting = append(waiting, *late)
		}
	}
	if _, err := scanner.Checksum(); err != nil {
		return fmt.Errorf("read the pack: %w", err)
	}
	return q.resolveLate(waiting, places)
}

// delta is an object written as changes of another one.
type delta struct {
	at      int64 // its place in the pack
	base    plumbing.Hash
	content []byte
}

// unpackNext reads one object. It returns a delta whose base has not come yet.
func (q *quarantine) unpackNext(
	s *packfile.Scanner, h *packfile.ObjectHeader, places map[int64]plumbing.Hash,
) (*delta, error) {
	if h.Length > maxRegularFile && h.Type == plumbing.BlobObject {
		hasher := plumbing.NewHasher(h.Type, h.Length)
		if _, _, err := s.NextObject(hasher); err != nil {
			return nil, fmt.Errorf("read the pack: %w", err)
		}
		places[h.Offset] = hasher.Sum()
		q.oversized[places[h.Offset]] = true
		return nil, nil
	}
	if h.Length > maxRegularFile {
		return nil, errors.New("the push has an object larger than 10 MiB")
	}
	var content bytes.Buffer
	if _, _, err := s.NextObject(&content); err != nil {
		return nil, fmt.Errorf("read the pack: %w", err)
	}
	if int64(content.Len()) != h.Length {
		return nil, errors.New("the pack has an object that is shorter than it says")
	}
	if !h.Type.IsDelta() {
		hash, err := q.keep(h.Type, content.Bytes())
		places[h.Offset] = hash
		return nil, err
	}
	base := h.Reference
	if h.Type == plumbing.OFSDeltaObject {
		base = places[h.OffsetReference]
	}
	change := &delta{h.Offset, base, content.Bytes()}
	return q.apply(change, places)
}

// apply makes the object that a delta describes, or gives the delta back when its base has not come yet.
func (q *quarantine) apply(change *delta, places map[int64]plumbing.Hash) (*delta, error) {
	if q.oversized[change.base] {
		return nil, errors.New(tooLarge(change.base.String()))
	}
	base, ok := q.objects[change.base]
	if !ok {
		if q.bytes += int64(len(change.content)); q.bytes > maxPushBytes {
			return nil, errBodyTooLarge
		}
		return change, nil
	}
	_, n := binary.Uvarint(change.content)
	if n <= 0 {
		return nil, packfile.ErrInvalidDelta
	}
	if size, n := binary.Uvarint(change.content[n:]); n <= 0 || size > maxRegularFile {
		return nil, errors.New(tooLarge("a new version of " + change.base.String()))
	}
	content, err := readObject(base)
	if err != nil {
		return nil, err
	}
	result, err := packfile.PatchDelta(content, change.content)
	if err != nil {
		return nil, fmt.Errorf("read the pack: %w", err)
	}
	places[change.at], err = q.keep(base.Type(), result)
	return nil, err
}

// resolveLate applies deltas until none is left or none finds its base.
func (q *quarantine) resolveLate(waiting []delta, places map[int64]plumbing.Hash) error {
	for len(waiting) > 0 {
		var left []delta
		for _, change := range waiting {
			late, err := q.apply(&change, places)
			if err != nil {
				return err
			}
			if late != nil {
				left = append(left, change)
			}
		}
		if len(left) == len(waiting) {
			return errors.New("the pack builds on objects that it does not contain (a thin pack)")
		}
		waiting = left
	}
	return nil
}

func (q *quarantine) keep(t plumbing.ObjectType, content []byte) (plumbing.Hash, error) {
	if q.bytes += int64(len(content)); q.bytes > maxPushBytes {
		return plumbing.ZeroHash, errors.New("the push is larger than this server takes")
	}
	o := newObject(t, content)
	hash := o.Hash()
	q.objects[hash] = o
	return hash, nil
}
