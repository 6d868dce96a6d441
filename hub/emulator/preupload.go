package emulator

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
	"github.com/labstack/echo/v4"
)

type preuploadInput struct {
	Files []struct {
		Path   string `json:"path"`
		Size   int64  `json:"size"`
		Sample []byte `json:"sample"` // base64 of the first 512 bytes
	} `json:"files"`
	Attributes *string `json:"gitAttributes"`
	Ignore     *string `json:"gitIgnore"`
}

type preuploadFile struct {
	Path         string `json:"path"`
	UploadMode   string `json:"uploadMode"` // "lfs" or "regular"
	ShouldIgnore bool   `json:"shouldIgnore"`
	OID          string `json:"oid,omitempty"`
}

// preupload tells for each file of a coming commit whether it goes to LFS, and what is there now.
func (s *Server) preupload(c echo.Context) error {
	r, _, branch, err := s.writableRevision(c)
	if err != nil {
		return err
	}
	var in preuploadInput
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	head, err := r.resolve(branch)
	if err != nil {
		return noRevision(c)
	}
	files, err := r.files(head)
	if err != nil {
		return err
	}
	rules := parseAttributes(r.textOf(files, attributesFile, in.Attributes))
	ignored := parseIgnore(r.textOf(files, ".gitignore", in.Ignore))
	answer := make([]preuploadFile, 0, len(in.Files))
	for _, file := range in.Files {
		if err := checkPath(file.Path); err != nil {
			return fail(c, http.StatusUnprocessableEntity, "", err.Error())
		}
		mode := "regular"
		binary := bytes.IndexByte(file.Sample, 0) >= 0
		if file.Size > 0 && (rules.match(file.Path) || file.Size > maxRegularFile || binary) {
			mode = "lfs"
		}
		answer = append(answer, preuploadFile{
			Path: file.Path, UploadMode: mode, ShouldIgnore: ignored(file.Path), OID: r.contentID(files[file.Path]),
		})
	}
	return c.JSON(http.StatusOK, map[string]any{"files": answer, "commitOid": head.String()})
}

// textOf is a file of the repository, unless the caller sent what it will be.
func (r *repo) textOf(files map[string]treeFile, path string, sent *string) []byte {
	if sent != nil {
		return []byte(*sent)
	}
	content, _ := r.blob(files[path].hash) // nothing when there is no such file
	return content
}

// contentID is what clients compare a file with: the SHA-256 of an LFS file, else the blob's id. It is empty for no
// file.
func (r *repo) contentID(file treeFile) string {
	if file.hash.IsZero() {
		return ""
	}
	if p, ok := r.pointerAt(file.hash); ok {
		return p.oid
	}
	return file.hash.String()
}

// parseIgnore reads a .gitignore file.
func parseIgnore(text []byte) func(path string) bool {
	var patterns []gitignore.Pattern
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, " \r\n")
		if line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, gitignore.ParsePattern(line, nil))
		}
	}
	matcher := gitignore.NewMatcher(patterns)
	return func(path string) bool { return matcher.Match(strings.Split(path, "/"), false) }
}
