package workspace

import (
	"path"
	"path/filepath"
	"strings"
	"testing"
)

func TestCleanPath(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"a": true, "a/b/c.txt": true, ".gitignore": true, "...": true, "a..b": true, "git~2": true, "C:": true,
		"": false, "/": false, "/a": false, "a/": false, "a//b": false, ".": false, "..": false, "a/../b": false,
		"a/./b": false, ".git": false, "a/.Git/hooks": false, "GIT~1": false, "a\x00b": false,
		".git.": false, ".git ": false, "GIT~1. .": false, ".git::$INDEX_ALLOCATION": false, ".g\u200cit": false, "\ufeff.git": false,
		".github": true, "git": true, ".gitx:": true, "a:b": true, ". git": true,
	}
	for given, want := range tests {
		if got := cleanPath(given); got != want {
			t.Errorf("cleanPath(%q) = %t, want %t", given, got, want)
		}
	}
}

func FuzzCleanPath(f *testing.F) {
	f.Add("a/b")
	f.Add("../a")
	f.Fuzz(func(t *testing.T, given string) {
		if !cleanPath(given) {
			return
		}
		if path.Clean(given) != given || !filepath.IsLocal(given) || strings.HasPrefix(given, "/") {
			t.Errorf("cleanPath(%q) = true", given)
		}
	})
}
