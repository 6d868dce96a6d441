package emulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// transfer is what a transfer link is good for.
type transfer string

const (
	transferDownload transfer = "download"
	transferUpload   transfer = "upload"
	transferVerify   transfer = "verify"
)

// transferTime is how long a transfer link works.
const transferTime = time.Hour

// transferRoutes move the content of LFS files. The links carry their own signature, because clients send no token
// there.
func (s *Server) transferRoutes(e *echo.Echo) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Add(method, "/lfs/:repo/:oid", s.downloadLFS)
	}
	e.PUT("/lfs/:repo/:oid", s.uploadLFS)
	e.POST("/lfs/:repo/:oid", s.verifyLFS)
	s.multipartRoutes(e)
}

// transferURL is a link that lets its bearer do one thing with one object, for a while.
func (s *Server) transferURL(op transfer, r *repo, p pointer, more string) string {
	return fmt.Sprintf("%s/lfs/%s/%s%s?%s", s.URL(), r.id, p.oid, more, s.transferQuery(op, r, p))
}

func (s *Server) sign(op transfer, repoID string, p pointer, expires string) string {
	mac := hmac.New(sha256.New, s.lfsKey)
	fmt.Fprintf(mac, "%s %s %s %d %s", op, repoID, p.oid, p.size, expires)
	return hex.EncodeToString(mac.Sum(nil))
}

// signed checks a transfer link and finds what it is for.
func (s *Server) signed(c echo.Context, op transfer) (*repo, pointer, error) {
	size, err := strconv.ParseInt(c.QueryParam("size"), 10, 64)
	p, id, expires := pointer{c.Param("oid"), size}, c.Param("repo"), c.QueryParam("expires")
	until, errExpires := strconv.ParseInt(expires, 10, 64)
	valid := hmac.Equal([]byte(c.QueryParam("signature")), []byte(s.sign(op, id, p, expires)))
	switch {
	case !valid || errors.Join(err, errExpires) != nil:
		return nil, p, fail(c, http.StatusForbidden, "", "The signature of this link is not valid")
	case time.Now().Unix() > until:
		return nil, p, fail(c, http.StatusForbidden, "", "This link has expired")
	}
	r := s.repos.withID(id)
	if r == nil {
		return nil, p, fail(c, http.StatusNotFound, codeRepoNotFound, "Repository not found")
	}
	return r, p, nil
}

func (s *Server) downloadLFS(c echo.Context) error {
	r, p, err := s.signed(c, transferDownload)
	if err != nil {
		return err
	}
	stored, ok := r.lfs.get(p.oid)
	if !ok {
		return fail(c, http.StatusNotFound, "", "Object does not exist")
	}
	content, err := stored.open()
	if err != nil {
		return err
	}
	defer content.Close()
	return serveContent(c, p.oid, p.oid, content)
}

func (s *Server) uploadLFS(c echo.Context) error {
	r, p, err := s.signed(c, transferUpload)
	if err != nil {
		return err
	}
	if err := r.lfs.put(p, c.Request().Body); errors.Is(err, errLFSMismatch) {
		return fail(c, http.StatusBadRequest, "", err.Error())
	} else if err != nil {
		return fail(c, http.StatusBadRequest, "", "the upload was cut off")
	}
	return c.NoContent(http.StatusOK)
}

func (s *Server) verifyLFS(c echo.Context) error {
	r, p, err := s.signed(c, transferVerify)
	if err != nil {
		return err
	}
	if !r.lfs.has(p) {
		return fail(c, http.StatusNotFound, "", "The object was not uploaded")
	}
	return c.JSON(http.StatusOK, map[string]any{})
}
