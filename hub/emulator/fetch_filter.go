package emulator

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// objectFilter is what a partial clone leaves out (https://git-scm.com/docs/git-rev-list, --filter).
type objectFilter struct {
	blobLimit int64 // blobs as large as this; -1: none
	treeDepth int64 // trees and blobs so deep below a commit; -1: none
}

var noFilter = objectFilter{blobLimit: -1, treeDepth: -1}

// add reads one of the filters that clients use: blob:none, blob:limit=N with an optional k, m or g, tree:N, and several
// of them combined.
func (f *objectFilter) add(spec string) error {
	if list, ok := strings.CutPrefix(spec, "combine:"); ok {
		for _, each := range strings.Split(list, "+") {
			plain, err := url.PathUnescape(each)
			if err != nil || strings.HasPrefix(plain, "combine:") {
				return fmt.Errorf("%w: the filter %.60q is not supported", errProtocol, spec)
			}
			if err := f.add(plain); err != nil {
				return err
			}
		}
		return nil
	}
	switch kind, amount, _ := strings.Cut(spec, ":"); {
	case spec == "blob:none":
		f.blobLimit = 0
		return nil
	case kind == "tree":
		return setSize(&f.treeDepth, amount)
	case strings.HasPrefix(spec, "blob:limit="):
		return setSize(&f.blobLimit, strings.TrimPrefix(spec, "blob:limit="))
	}
	return fmt.Errorf("%w: the filter %.60q is not supported", errProtocol, spec)
}

// setSize reads a number with an optional k, m or g.
func setSize(to *int64, text string) error {
	digits, shift := text, 0
	if last := len(text) - 1; last > 0 {
		if shift = strings.IndexByte("_kmg", text[last]|0x20) * 10; shift > 0 {
			digits = text[:last]
		}
	}
	size, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || size < 0 {
		return fmt.Errorf("%w: the filter has no size: %.60q", errProtocol, text)
	}
	*to = size << max(shift, 0)
	return nil
}
