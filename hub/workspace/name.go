package workspace

import (
	"fmt"
	"strings"
)

const (
	maxPath  = 4096 // bytes
	maxDepth = 256  // folders inside each other
)

// cleanName tells whether an entry of a tree may be shown. Git refuses the others when it checks a tree out, so hiding
// them hides nothing that anyone would get.
func cleanName(name string) bool {
	switch {
	case name == "", name == ".", name == "..":
		return false
	case isDotGit(name):
		return false
	}
	return !strings.ContainsAny(name, "/\x00")
}

// isDotGit tells whether some file system takes a name for .git: those of Windows drop dots and blanks at the end and a
// stream behind a colon and have short names, that of the Mac drops characters that show nothing.
func isDotGit(name string) bool {
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimRight(strings.Map(dropUnseen, name), ". ")
	return strings.EqualFold(name, ".git") || strings.EqualFold(name, "git~1")
}

// dropUnseen drops what HFS+ does not see in a name, as git's utf8.c lists it.
func dropUnseen(r rune) rune {
	switch {
	case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
		return -1
	}
	return r
}

// cleanPath tells whether a path consists of clean names.
func cleanPath(path string) bool {
	for name := range strings.SplitSeq(path, "/") {
		if !cleanName(name) {
			return false
		}
	}
	return true
}

// checkDepth bounds paths.
func checkDepth(path string) error {
	if len(path) > maxPath || strings.Count(path, "/") > maxDepth {
		return fmt.Errorf("%w: a path has %d bytes", ErrTooLarge, len(path))
	}
	return nil
}
