package workspace

import (
	"fmt"
	"regexp"
	"strconv"
)

// maxPointer is the size that a pointer file stays below, in bytes (git-lfs does not read more of one either).
const maxPointer = 1024

// pointer is an LFS pointer file as https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md has it.
var pointer = regexp.MustCompile(`\Aversion https://git-lfs\.github\.com/spec/v1\n` +
	`(?:ext-[0-9]-[^\s]+ sha256:[0-9a-f]{64}\n)*oid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,17})\n\z`)

// parsePointer reads an LFS pointer file; nil when the content is not one. What .gitattributes says does not count.
func parsePointer(content []byte) *LFS {
	if len(content) >= maxPointer {
		return nil
	}
	found := pointer.FindSubmatch(content)
	if found == nil {
		return nil
	}
	size, err := strconv.ParseInt(string(found[2]), 10, 64)
	if err != nil {
		return nil
	}
	return &LFS{SHA256: string(found[1]), Size: size}
}

// pointer is the pointer file of a content.
func (l *LFS) pointer() string {
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", l.SHA256, l.Size)
}
