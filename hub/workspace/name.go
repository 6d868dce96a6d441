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
	case strings.EqualFold(name, ".git"), strings.EqualFold(name, "git~1"):
		return false
	}
	return !strings.ContainsAny(name, "/\x00")
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
