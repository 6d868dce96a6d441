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
	host    *host
	entries map[string]*zipEntry
	prefix  string // folder of all entries
	places  map[string]*place
}

// openZip reads the pickles of a zip. The directory of a broken one may still lead to a dangerous pickle, so faults are
// collected rather than returned.
func openZip(ctx context.Context, w *window, h *host) (pickle.Value, error) {
	entries, err := readDirectory(w)
	if err := h.refused(err); err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		if len(h.found) == 0 {
			h.found.add(NotTorch, "an empty zip")
		}
		return nil, nil
	}
	a := &archive{window: w, host: h, entries: map[string]*zipEntry{}, places: map[string]*place{}}
	for _, e := range entries {
		if a.entries[e.name] == nil {
			a.entries[e.name] = e
		}
	}
	folder, _, ok := strings.Cut(entries[0].name, "/")
	if ok {
		a.prefix = folder + "/"
	}
	if a.entries[a.prefix+"constants.pkl"] != nil {
		h.found.add(Unsupported, "a TorchScript archive, which holds a program")
	}
	if err := a.byteOrder(); err != nil {
		return nil, err
	}
	root, err := a.pickles(ctx, entries)
	if err != nil {
		return nil, err
	}
	if a.entries[a.prefix+"data.pkl"] == nil {
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
		if a.entries[a.prefix+name] != nil {
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
func (a *archive) pickles(ctx context.Context, entries []*zipEntry) (pickle.Value, error) {
	var root pickle.Value
	count := 0
	for _, e := range entries {
		if path.Ext(e.name) != ".pkl" {
			continue
		}
		if count++; count > maxPickles {
			a.host.found.add(Malformed, "the zip holds too many pickles")
			break
		}
		main := e == a.entries[a.prefix+"data.pkl"]
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
	off, err := e.place().locate(a.window)
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
	e := a.entries[a.prefix+"byteorder"]
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

// place finds the record of a storage.
func (a *archive) place(s *Storage) error {
	name := a.prefix + "data/" + s.Key
	e := a.entries[name]
	if e == nil {
		return fmt.Errorf("the record %.300q of a storage is missing", name)
	}
	if e.method != stored {
		return pickle.Unsupportedf("the record %.300q is compressed", name)
	}
	if e.flags&flagEncrypted != 0 {
		return pickle.Unsupportedf("the record %.300q is encrypted", name)
	}
	if e.size != e.compressed || s.Bytes > e.size || e.size-s.Bytes >= s.DType.Size {
		return fmt.Errorf("the record %.300q has %d bytes where its storage has %d", name, e.size, s.Bytes)
	}
	if a.places[s.Key] == nil {
		a.places[s.Key] = e.place()
	}
	s.place = a.places[s.Key]
	return nil
}

// checkPlaces reads the local headers of a small file. In a large one they are checked as the bytes are read.
func (a *archive) checkPlaces() error {
	if a.size > smallFile {
		return nil
	}
	for _, p := range a.places {
		if _, err := p.locate(a.window); err != nil {
			if err := a.host.refused(err); err != nil {
				return err
			}
		}
	}
	return nil
}
