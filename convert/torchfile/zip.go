package torchfile

import (
	"bufio"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/hfbot/hfbot/convert/pickle"
)

// maxPickles bounds the pickles looked through in one zip.
const maxPickles = 64

// smallFile is the size up to which all places are checked at once; reading it whole costs little.
const smallFile = 1 << 20

// archive is a zip written by torch.save since 1.6.
type archive struct {
	*window
	*directory
	host   *host
	prefix string // folder of all entries
}

// openZip reads the pickles of a zip. The directory of a broken one may still lead to a dangerous pickle, so faults are
// collected rather than returned.
func openZip(ctx context.Context, w *window, h *host) (pickle.Value, error) {
	d, err := readDirectory(w)
	if err := h.refused(err); err != nil {
		return nil, err
	}
	if len(d.entries) == 0 {
		if len(h.found) == 0 {
			h.found.add(NotTorch, "an empty zip")
		}
		return nil, nil
	}
	a := &archive{window: w, directory: d, host: h}
	folder, _, ok := strings.Cut(d.entries[0].name, "/")
	if ok {
		a.prefix = folder + "/"
	}
	if a.find(a.prefix, "constants.pkl") != nil {
		h.found.add(Unsupported, "a TorchScript archive, which holds a program")
	}
	if err := a.byteOrder(); err != nil {
		return nil, err
	}
	root, err := a.pickles(ctx)
	if err != nil {
		return nil, err
	}
	if a.find(a.prefix, "data.pkl") == nil {
		a.noPickle()
	}
	return root, a.checkPlaces()
}

// refused takes a refusal into the findings and returns any other error.
func (h *host) refused(err error) error {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		h.found.add(refusal.Verdict, refusal.Reason)
		return nil
	}
	return err
}

// noPickle says what a zip without data.pkl is.
func (a *archive) noPickle() {
	for _, name := range []string{"version", "byteorder", "data/0"} {
		if a.find(a.prefix, name) != nil {
			a.host.found.add(Malformed, "the checkpoint's zip has no data.pkl")
			return
		}
	}
	if _, dangerous := a.host.found[Dangerous]; !dangerous {
		a.host.found.add(NotTorch, "a zip that torch did not write")
	}
}

// pickles runs all pickles of the archive, the state's own first, and returns its value. The others are not converted,
// but a program that loads them would run them.
func (a *archive) pickles(ctx context.Context) (pickle.Value, error) {
	var root pickle.Value
	count := 0
	data := a.find(a.prefix, "data.pkl")
	for i := range a.entries {
		e := &a.entries[i]
		if path.Ext(e.name) != ".pkl" {
			continue
		}
		if count++; count > maxPickles {
			a.host.found.add(Malformed, "the zip holds too many pickles")
			break
		}
		main := e == data
		value, err := a.run(ctx, e, main)
		if err := a.host.refused(err); err != nil {
			return nil, err
		}
		if main {
			root = value
		}
	}
	return root, nil
}

func (a *archive) run(ctx context.Context, e *zipEntry, main bool) (pickle.Value, error) {
	if err := a.prefetch(e.header, e.compressed+1024); err != nil {
		return nil, err
	}
	r, err := a.open(e)
	if err != nil {
		return nil, err
	}
	a.host.place = nil
	if main {
		a.host.place = a.place
	}
	res, err := pickle.Run(ctx, r, a.host, pickle.Limits{})
	if err != nil {
		return nil, err
	}
	a.host.note(e.name, res)
	return res.Value, nil
}

// open returns the bytes of an entry, inflated if need be.
func (a *archive) open(e *zipEntry) (io.Reader, error) {
	if e.flags&flagEncrypted != 0 {
		return nil, &Refusal{Unsupported, fmt.Sprintf("%.100q is encrypted", e.name)}
	}
	off, err := e.locate(a.window)
	if err != nil {
		return nil, err
	}
	section := io.NewSectionReader(a.window, off, e.compressed)
	switch e.method {
	case stored:
		if e.size != e.compressed {
			return nil, malformedZip("%.100q has two sizes", e.name)
		}
		return section, nil
	case deflated:
		return &inflater{flate.NewReader(bufio.NewReader(section))}, nil
	}
	return nil, &Refusal{Unsupported, fmt.Sprintf("%.100q is compressed by method %d", e.name, e.method)}
}

// inflater turns faults of the compressed data into an early end.
type inflater struct{ r io.Reader }

func (i *inflater) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// byteOrder checks the record by which torch 2.1 and later say how numbers are stored.
func (a *archive) byteOrder() error {
	e := a.find(a.prefix, "byteorder")
	if e == nil {
		return nil
	}
	r, err := a.open(e)
	if err != nil {
		return a.host.refused(err)
	}
	text, err := io.ReadAll(io.LimitReader(r, 16))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	switch string(text) {
	case "little":
	case "big":
		a.host.found.add(Unsupported, "the checkpoint is big-endian")
	default:
		a.host.found.add(Malformed, fmt.Sprintf("the byte order is %q", text))
	}
	return nil
}

// place finds the record of a storage. Several mentions of one are the same storage.
func (a *archive) place(s *Storage) (*Storage, error) {
	e := a.find(a.prefix, "data/", s.Key)
	if e == nil {
		return nil, fmt.Errorf("the record %.300q of a storage is missing", a.prefix+"data/"+s.Key)
	}
	if e.method != stored {
		return nil, pickle.Unsupportedf("the record %.300q is compressed", e.name)
	}
	if e.flags&flagEncrypted != 0 {
		return nil, pickle.Unsupportedf("the record %.300q is encrypted", e.name)
	}
	if e.size != e.compressed || s.Bytes > e.size || e.size-s.Bytes >= s.DType.Size {
		return nil, fmt.Errorf("the record %.300q has %d bytes where its storage has %d", e.name, e.size, s.Bytes)
	}
	if known := e.storage; known != nil && known.DType == s.DType && known.Bytes == s.Bytes {
		return known, nil
	}
	s.place, e.storage = e, s
	return s, nil
}

// checkPlaces reads the local headers of a small file. In a large one they are checked as the bytes are read.
func (a *archive) checkPlaces() error {
	if a.size > smallFile {
		return nil
	}
	for i := range a.entries {
		if a.entries[i].storage == nil {
			continue
		}
		if _, err := a.entries[i].locate(a.window); err != nil {
			if err := a.host.refused(err); err != nil {
				return err
			}
		}
	}
	return nil
}
