package emulator

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/go-git/go-git/v5/plumbing"
)

// pointer stands for a large file in git: its content is stored beside git under its SHA-256
// (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
type pointer struct {
	oid  string // 64 hex digits
	size int64
}

const maxPointerSize = 1024 // bytes; what is longer is no pointer

var (
	pointerText = regexp.MustCompile(`\Aversion https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*` +
		`oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n?\z`)
	lfsOID = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// parsePointer tells whether the content of a file is a pointer.
func parsePointer(content []byte) (p pointer, ok bool) {
	if len(content) > maxPointerSize {
		return pointer{}, false
	}
	match := pointerText.FindSubmatch(content)
	if match == nil {
		return pointer{}, false
	}
	size, err := strconv.ParseInt(string(match[2]), 10, 64)
	return pointer{string(match[1]), size}, err == nil
}

// text is the pointer as git stores it.
func (p pointer) text() []byte {
	return fmt.Appendf(nil, "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", p.oid, p.size)
}

// pointerAt tells whether the file with that blob is kept in LFS.
func (r *repo) pointerAt(hash plumbing.Hash) (p pointer, ok bool) {
	size, err := r.git.EncodedObjectSize(hash)
	if err != nil || size > maxPointerSize {
		return pointer{}, false
	}
	content, err := r.blob(hash)
	if err != nil {
		return pointer{}, false
	}
	return parsePointer(content)
}
