package emulator

import (
	"bytes"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitattributes"
)

const attributesFile = ".gitattributes"

// defaultAttributes is the .gitattributes of a new repository: what goes to LFS whatever its size.
var defaultAttributes = func() string {
	var text strings.Builder
	for _, pattern := range []string{
		"*.7z", "*.arrow", "*.bin", "*.bz2", "*.ckpt", "*.ftz", "*.gz", "*.h5", "*.joblib", "*.lfs.*", "*.mlmodel",
		"*.model", "*.msgpack", "*.npy", "*.npz", "*.onnx", "*.ot", "*.parquet", "*.pb", "*.pickle", "*.pkl", "*.pt",
		"*.pth", "*.rar", "*.safetensors", "saved_model/**/*", "*.tar.*", "*.tar", "*.tflite", "*.tgz", "*.wasm",
		"*.xz", "*.zip", "*.zst", "*tfevents*",
	} {
		text.WriteString(attributeLine(pattern))
	}
	return text.String()
}()

func attributeLine(pattern string) string {
	return pattern + " filter=lfs diff=lfs merge=lfs -text\n"
}

// lfsRules tell which paths belong to LFS by a .gitattributes file.
type lfsRules struct{ matcher gitattributes.Matcher }

// parseAttributes reads a .gitattributes file. Lines that git would not understand end the rules there.
func parseAttributes(content []byte) lfsRules {
	rules, _ := gitattributes.ReadAttributes(bytes.NewReader(content), nil, true)
	return lfsRules{gitattributes.NewMatcher(rules)}
}

// match tells whether a path belongs to LFS.
func (l lfsRules) match(path string) bool {
	found, ok := l.matcher.Match(strings.Split(path, "/"), []string{"filter"})
	if !ok {
		return false
	}
	filter, ok := found["filter"]
	return ok && filter.Value() == "lfs"
}

// attributePattern names exactly one path in .gitattributes.
func attributePattern(path string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `!`, `\!`).Replace(path)
	return strings.ReplaceAll(escaped, " ", "[[:space:]]")
}
