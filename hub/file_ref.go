package hub

import (
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"strings"
)

// FileRef is a file in a repository, written as the Hub's own clients do
// (https://huggingface.co/docs/huggingface_hub/guides/hf_file_system):
//
//	hf://[datasets/|spaces/]OWNER/NAME[@REVISION]/PATH
type FileRef struct {
	Repo     RepoRef
	Revision string // empty: the default one
	Path     string
}

// FileScheme begins the text of every FileRef.
const FileScheme = "hf://"

var fileRef = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([^/]+))?/(.+)$`)

// ParseFileRef reads a FileRef.
func ParseFileRef(text string) (FileRef, error) {
	rest, ok := strings.CutPrefix(text, FileScheme)
	ref := FileRef{Repo: RepoRef{Type: Model}}
	for prefix, kind := range map[string]RepoType{"datasets/": Dataset, "spaces/": Space, "models/": Model} {
		if cut, found := strings.CutPrefix(rest, prefix); found {
			rest, ref.Repo.Type = cut, kind
			break
		}
	}
	m := fileRef.FindStringSubmatch(rest)
	if !ok || m == nil || !fs.ValidPath(m[3]) {
		return ref, fmt.Errorf("%q is no file on the Hub; write it as hf://datasets/OWNER/NAME/PATH, with @REVISION behind the name "+
			"for another than the default one", text)
	}
	revision, err := url.PathUnescape(m[2])
	if err != nil {
		return ref, fmt.Errorf("the revision in %q: %w", text, err)
	}
	ref.Repo.Name, ref.Revision, ref.Path = m[1], revision, m[3]
	return ref, nil
}

// String is what ParseFileRef reads.
func (f FileRef) String() string {
	text := FileScheme
	if f.Repo.Type != Model {
		text += string(f.Repo.Type) + "s/"
	}
	text += f.Repo.Name
	if f.Revision != "" {
		text += "@" + url.PathEscape(f.Revision)
	}
	return text + "/" + f.Path
}
