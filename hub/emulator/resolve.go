package emulator

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/labstack/echo/v4"
)

// fileRoutes read single files at a revision (https://huggingface.co/docs/hub/models-downloading).
func (s *Server) fileRoutes(web *echo.Group) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		web.Add(method, "/resolve/:rev/*", s.resolveFile)
		web.Add(method, "/raw/:rev/*", s.rawFile)
	}
}

// resolveFile serves a file's content. That of an LFS file is elsewhere: the answer is a redirect to a link that is
// good for a while and needs no token.
func (s *Server) resolveFile(c echo.Context) error {
	r, blob, err := s.fileAt(c)
	if err != nil {
		return err
	}
	p, ok := r.pointerAt(blob)
	if !ok {
		return serveBlob(c, r, blob)
	}
	header := c.Response().Header()
	header.Set("X-Linked-Etag", `"`+p.oid+`"`)
	header.Set("X-Linked-Size", strconv.FormatInt(p.size, 10))
	header.Set("ETag", `"`+p.oid+`"`)
	header.Set("Accept-Ranges", "bytes")
	return c.Redirect(http.StatusFound, s.transferURL(transferDownload, r, p, ""))
}

// rawFile serves what git stores: for an LFS file the pointer.
func (s *Server) rawFile(c echo.Context) error {
	r, blob, err := s.fileAt(c)
	if err != nil {
		return err
	}
	return serveBlob(c, r, blob)
}

// fileAt finds the file that the path names. The answer tells the commit also when the file is missing, so that
// clients can remember its absence.
func (s *Server) fileAt(c echo.Context) (*repo, plumbing.Hash, error) {
	r, who, err := s.repoFor(c, false)
	if err != nil {
		return nil, plumbing.ZeroHash, err
	}
	if err := s.gate(c, r, who); err != nil {
		return nil, plumbing.ZeroHash, err
	}
	head, err := r.resolve(revision(c))
	if err != nil {
		return nil, plumbing.ZeroHash, noRevision(c)
	}
	c.Response().Header().Set("X-Repo-Commit", head.String())
	tree, err := r.tree(head)
	if err != nil {
		return nil, plumbing.ZeroHash, err
	}
	entry, err := tree.FindEntry(strings.Trim(param(c, "*"), "/"))
	if err != nil || !entry.Mode.IsFile() {
		return nil, plumbing.ZeroHash, fail(c, http.StatusNotFound, codeEntryNotFound, "Entry not found")
	}
	return r, entry.Hash, nil
}

// gate keeps the content of a gated repository from everyone but its owners and whom they let in.
func (s *Server) gate(c echo.Context, r *repo, who *account) error {
	state := r.state()
	switch {
	case state.gated == "" || state.writableBy(who) || who != nil && r.accessOf(who) == accessAccepted:
		return nil
	case who == nil:
		return fail(c, http.StatusUnauthorized, codeGatedRepo, "Access to "+string(r.typ)+" "+state.name+
			" is restricted. You must have access to it and be authenticated to access it. Please log in.")
	}
	return fail(c, http.StatusForbidden, codeGatedRepo, "Access to "+string(r.typ)+" "+state.name+
		" is restricted and you are not in the authorized list.")
}

func serveBlob(c echo.Context, r *repo, blob plumbing.Hash) error {
	content, err := r.blob(blob)
	if err != nil {
		return err
	}
	return serveContent(c, path.Base(param(c, "*")), blob.String(), bytes.NewReader(content))
}

// serveContent answers GET and HEAD, whole or in ranges. What strangers wrote is never shown as a page by a browser.
func serveContent(c echo.Context, name, etag string, content io.ReadSeeker) error {
	first := make([]byte, 512)
	n, err := io.ReadFull(content, first)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	header := c.Response().Header()
	header.Set("ETag", `"`+etag+`"`)
	header.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": name}))
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	header.Set("X-Content-Type-Options", "nosniff")
	kind := "text/plain; charset=utf-8"
	if bytes.IndexByte(first[:n], 0) >= 0 {
		kind = "application/octet-stream"
	}
	header.Set("Content-Type", kind)
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, content) // seeks to where it has to begin
	return nil
}
