package emulator

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const maxPathLength = 1000 // bytes, the Hub's limit for a file's path

// checkPath refuses a file path that git or a checkout could misunderstand.
func checkPath(path string) error {
	switch {
	case path == "":
		return fmt.Errorf("a file needs a path")
	case len(path) > maxPathLength:
		return fmt.Errorf("the path %.40q... is longer than %d bytes", path, maxPathLength)
	case !utf8.ValidString(path) || strings.ContainsAny(path, "\x00\n\r"):
		return fmt.Errorf("the path %q is not plain UTF-8 text", path)
	}
	if strings.HasPrefix(path, `..\`) { // leads out of the folder on Windows; the Hub takes it further back
		return fmt.Errorf("invalid path %q", path)
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") {
			return fmt.Errorf("invalid path %q", path)
		}
	}
	return nil
}

// parentPath is the folder of a path, empty for the root.
func parentPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i]
	}
	return ""
}
