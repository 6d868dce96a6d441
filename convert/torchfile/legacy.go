package torchfile

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/big"

	"github.com/hfbot/hfbot/convert/pickle"
)

// legacyMagic is the number that the first pickle of torch.save before 1.6 holds.
var legacyMagic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

// legacyProtocol is the only version of that container.
const legacyProtocol = 1001

// legacy is a file of five pickles (magic number, version, system, state, keys of the storages) and then, for each key,
// a count of elements and the bytes.
type legacy struct {
	*window
	host *host
	in   *bufio.Reader
	pos  int64
	done bool // a pickle did not end, so that what follows cannot be found
}

// openPickled reads a file that begins with a pickle, or with something else that is no zip.
func openPickled(ctx context.Context, w *window, h *host) (pickle.Value, error) {
	l := &legacy{window: w, host: h, in: bufio.NewReaderSize(io.NewSectionReader(w, 0, w.size), 64<<10)}
	first, err := l.next(ctx)
	if err != nil {
		return nil, err
	}
	if magic, ok := first.Value.(*big.Int); !ok || magic.Cmp(legacyMagic) != 0 {
		if _, dangerous := h.found[Dangerous]; !dangerous {
			h.found.add(NotTorch, describe(w, first))
		}
		return nil, nil
	}
	h.note("magic number", first)
	return l.read(ctx)
}

func (l *legacy) next(ctx context.Context) (*pickle.Result, error) {
	res, err := pickle.Run(ctx, l.in, l.host, pickle.Limits{})
	if err != nil {
		return nil, err
	}
	l.pos += res.Length
	l.done = l.done || !res.Stopped
	return res, nil
}

func (l *legacy) read(ctx context.Context) (pickle.Value, error) {
	var values [4]pickle.Value
	for i, what := range []string{"protocol version", "system information", "state", "storage keys"} {
		if l.done {
			return nil, nil
		}
		res, err := l.next(ctx)
		if err != nil {
			return nil, err
		}
		l.host.note(what, res)
		values[i] = res.Value
	}
	if l.done {
		return nil, nil
	}
	if values[0] != pickle.Value(int64(legacyProtocol)) {
		l.host.found.add(Malformed, "the version of the container is not 1001")
	}
	if d, ok := values[1].(*pickle.Dict); ok {
		if little, ok := d.Get("little_endian"); ok && little == false {
			l.host.found.add(Unsupported, "the checkpoint is big-endian")
		}
	}
	if err := l.places(values[3]); err != nil {
		return nil, err
	}
	return values[2], nil
}

// places gives each storage its bytes. The counts before them are trusted to be those of the pickle until the bytes are
// read, except in a small file.
func (l *legacy) places(keys pickle.Value) error {
	list, ok := keys.(*pickle.List)
	if !ok {
		l.host.found.add(Malformed, "the storage keys are no list")
		return nil
	}
	byKey := make(map[string][]*Storage)
	for _, s := range l.host.storages {
		byKey[s.Key] = append(byKey[s.Key], s)
	}
	for _, item := range list.Items {
		key, _ := item.(string)
		storages := byKey[key]
		if len(storages) == 0 {
			l.host.found.add(Malformed, fmt.Sprintf("the storage key %.100q is unknown or there twice", key))
			return nil
		}
		delete(byKey, key)
		if err := l.place(storages); err != nil {
			return err
		}
	}
	if len(byKey) > 0 {
		l.host.found.add(Malformed, "the bytes of a storage are missing")
	}
	return nil
}

// place puts the storages of one key at the current position.
func (l *legacy) place(storages []*Storage) error {
	s := storages[0]
	for _, other := range storages {
		if other.Bytes != s.Bytes || other.DType != s.DType {
			l.host.found.add(Malformed, fmt.Sprintf("the storage %.100q is declared in two ways", s.Key))
			return nil
		}
	}
	p := &countedPlace{at: l.pos, elements: s.Bytes / s.DType.Size}
	if l.size-l.pos < 8 || s.Bytes > l.size-l.pos-8 {
		l.host.found.add(Malformed, fmt.Sprintf("the file ends within the storage %.100q", s.Key))
		l.pos = l.size
		return nil
	}
	l.pos += 8 + s.Bytes
	for _, other := range storages {
		other.place = p
	}
	if l.size > smallFile {
		return nil
	}
	_, err := p.locate(l.window)
	return l.host.refused(err)
}
