package torchfile

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/hfbot/hfbot/convert/pickle"
)

// describe says what a file is that no torch container was found in.
func describe(w *window, first *pickle.Result) string {
	head, _ := w.bytes(0, min(w.size, 64))
	for _, known := range []struct{ prefix, what string }{
		{"GGUF", "a GGUF file"},
		{"ggml", "a GGML file"},
		{"ggjt", "a GGML file"},
		{"lmgg", "a GGML file"},
		{"tjgg", "a GGML file"},
		{"\x89HDF", "an HDF5 file"},
		{"\x93NUMPY", "a numpy file"},
		{"version https://git-lfs.github.com/spec/", "a Git LFS pointer and not the file it points to"},
		{"\x1f\x8b", "a gzip file"},
		{"<", "a page of HTML or XML"},
		{"{", "a text file"},
	} {
		if strings.HasPrefix(string(head), known.prefix) {
			return known.what
		}
	}
	if len(head) > 9 && bytes.HasPrefix(head[8:], []byte(`{"`)) {
		return "a safetensors file already"
	}
	if first.Stopped && first.Malformed == nil {
		return "a pickle that torch.save did not write"
	}
	return "not a file that torch.save wrote"
}

// isTar recognises a tar by its magic.
func isTar(head []byte) bool { return len(head) > 262 && string(head[257:262]) == "ustar" }

// openTar looks through a tar, which torch wrote before 0.1.10. It is never converted.
func openTar(ctx context.Context, w *window, h *host) (pickle.Value, error) {
	parts := map[string]bool{"sys_info": true, "pickle": true, "storages": true, "tensors": true, "data.pkl": true}
	r := tar.NewReader(io.NewSectionReader(w, 0, w.size))
	torch := false
	for range maxPickles {
		entry, err := r.Next()
		if err != nil {
			var failed *readError
			if errors.As(err, &failed) {
				return nil, err
			}
			break
		}
		if !parts[strings.TrimPrefix(entry.Name, "./")] {
			continue
		}
		torch = true
		// The storages and tensors of that format are pickles with raw bytes in between; the first tells enough.
		if _, err := pickle.Run(ctx, r, h, pickle.Limits{}); err != nil && !errors.Is(err, tar.ErrHeader) {
			return nil, err
		}
	}
	_, dangerous := h.found[Dangerous]
	switch {
	case torch:
		h.found.add(Unsupported, "a tar, as torch before 0.1.10 wrote it; load and save it with a newer torch")
	case !dangerous:
		h.found.add(NotTorch, "a tar that torch did not write")
	}
	return nil, nil
}
