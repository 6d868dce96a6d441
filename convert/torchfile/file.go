// Package torchfile reads PyTorch checkpoints without running any of their code.
//
// It knows the zip that torch.save writes since 1.6 and the legacy container before that. [Open] reads pickles and
// directories only; the bytes of tensors are found by a [Reader] when somebody wants them. What the two containers
// hold is described at https://docs.pytorch.org/docs/stable/notes/serialization.html.
package torchfile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hfbot/hfbot/convert/pickle"
)

// Options choose how strict Open is.
type Options struct {
	// Inert takes objects of classes that are not on the allow-list for objects without content, instead of refusing
	// the file. Nothing of them is run or kept. Dangerous ones are refused all the same.
	Inert bool
}

// File is an opened checkpoint.
type File struct {
	Verdict Verdict
	Reason  string       // of any verdict but OK
	Root    pickle.Value // what was saved; tensors in it are *Tensor; nil unless the verdict is OK
	Globals []string     // "module.name" of every global in the pickles, sorted
	Size    int64        // of the file in bytes

	r io.ReaderAt
}

// Open reads what a checkpoint of the given size holds, in few reads. An error means that reading failed; a file that
// cannot be taken is a File with its verdict.
func Open(ctx context.Context, r io.ReaderAt, size int64, opts Options) (*File, error) {
	w := newWindow(ctx, r, size)
	h := newHost(opts)
	root, err := open(ctx, w, h)
	var failed *readError
	if errors.Is(err, io.EOF) && !errors.As(err, &failed) {
		h.found.add(Malformed, "the file ends in the middle")
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if len(h.found) == 0 && pickle.Cyclic(root) {
		h.found.add(Unsupported, "a container that contains itself")
	}
	f := &File{Globals: h.names(), Size: size, r: r}
	if f.Verdict, f.Reason = h.found.verdict(); f.Verdict == OK {
		f.Root = root
	}
	return f, nil
}

// open tells the containers apart as torch.load does, by their first bytes.
func open(ctx context.Context, w *window, h *host) (pickle.Value, error) {
	if w.size == 0 {
		h.found.add(NotTorch, "an empty file")
		return nil, nil
	}
	head, err := w.bytes(0, min(w.size, 512))
	if err != nil {
		return nil, err
	}
	switch {
	case string(head[:min(4, len(head))]) == "PK\x03\x04":
		return openZip(ctx, w, h)
	case string(head[:min(4, len(head))]) == "PK\x05\x06":
		h.found.add(NotTorch, "an empty zip")
		return nil, nil
	case isTar(head):
		return openTar(ctx, w, h)
	}
	return openPickled(ctx, w, h)
}

// Reader reads the bytes of storages for one operation. It is not safe for concurrent use.
type Reader struct {
	w *window
}

// Reader returns a reader that stops when the context ends.
func (f *File) Reader(ctx context.Context) *Reader {
	return &Reader{newWindow(ctx, f.r, f.Size)}
}

// ReadStorage fills p with the bytes of a storage from offset off on. The error is a *Refusal when what stands before
// the bytes in the file shows that it is malformed.
func (r *Reader) ReadStorage(s *Storage, p []byte, off int64) error {
	if off < 0 || off > s.Bytes || int64(len(p)) > s.Bytes-off {
		return fmt.Errorf("bytes %d to %d of a storage of %d", off, off+int64(len(p)), s.Bytes)
	}
	start, err := s.place.locate(r.w)
	if err != nil {
		return err
	}
	if n, err := r.w.ReadAt(p, start+off); n < len(p) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read storage %.100q: %w", s.Key, err)
	}
	return nil
}
