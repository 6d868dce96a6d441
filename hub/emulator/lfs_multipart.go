package emulator

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// Transfers of one part and of the end of an upload in parts, which is the Hub's own protocol
// (huggingface_hub, src/huggingface_hub/lfs.py, _upload_multi_part).
const transferComplete transfer = "complete"

func transferPart(number int) transfer { return transfer("part " + strconv.Itoa(number)) }

const (
	defaultPartSize = 64 << 20
	maxOpenUploads  = 100
)

// lfsUploads are the uploads in parts that are not complete. The zero value is ready to use.
type lfsUploads struct {
	mu   sync.Mutex
	open []*lfsUpload
}

// lfsUpload holds the parts that came so far.
type lfsUpload struct {
	repo  *repo
	oid   string
	parts map[int]lfsPart
}

type lfsPart struct {
	etag string
	lfsObject
}

// of finds or begins the upload of an object. The oldest ones make place for new ones.
func (u *lfsUploads) of(r *repo, oid string) *lfsUpload {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, each := range u.open {
		if each.repo == r && each.oid == oid {
			return each
		}
	}
	if len(u.open) >= maxOpenUploads {
		u.open[0].drop()
		u.open = slices.Delete(u.open, 0, 1)
	}
	begun := &lfsUpload{repo: r, oid: oid, parts: map[int]lfsPart{}}
	u.open = append(u.open, begun)
	return begun
}

// keep stores a part, in the place of one that was sent before.
func (u *lfsUploads) keep(upload *lfsUpload, number int, part lfsPart) {
	u.mu.Lock()
	defer u.mu.Unlock()
	upload.parts[number].drop()
	upload.parts[number] = part
}

func (u *lfsUploads) end(done *lfsUpload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	done.drop()
	u.open = slices.DeleteFunc(u.open, func(each *lfsUpload) bool { return each == done })
}

func (u *lfsUpload) drop() {
	for _, part := range u.parts {
		part.drop()
	}
}

func (p lfsPart) drop() {
	if p.path != "" {
		_ = os.Remove(p.path) // what stays is removed at the next start
	}
}

// partSize is how large parts are.
func (s *Server) partSize() int64 { return cmp.Or(s.opts.PartSize, defaultPartSize) }

// inParts describes an upload in parts: their addresses are headers with their numbers as names.
func (s *Server) inParts(r *repo, p pointer) lfsAction {
	size := s.partSize()
	action := lfsAction{
		Href: s.transferURL(transferComplete, r, p, "/complete"), ExpiresIn: int(transferTime.Seconds()),
		Header: map[string]string{"chunk_size": strconv.FormatInt(size, 10)},
	}
	for number := 1; int64(number-1)*size < p.size; number++ {
		action.Header[fmt.Sprintf("%05d", number)] = s.transferURL(transferPart(number), r, p, "/"+strconv.Itoa(number))
	}
	return action
}

// multipartRoutes take the parts and the end.
func (s *Server) multipartRoutes(e *echo.Echo) {
	e.PUT("/lfs/:repo/:oid/:part", s.uploadPart)
	e.POST("/lfs/:repo/:oid/complete", s.completeUpload)
}

func (s *Server) uploadPart(c echo.Context) error {
	number, err := strconv.Atoi(c.Param("part"))
	if err != nil || number < 1 {
		return fail(c, http.StatusNotFound, "", "Not Found")
	}
	r, p, err := s.signed(c, transferPart(number))
	if err != nil {
		return err
	}
	want := min(s.partSize(), p.size-int64(number-1)*s.partSize())
	part, err := r.lfs.putPart(c.Request().Body, want)
	if err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	s.uploads.keep(s.uploads.of(r, p.oid), number, part)
	c.Response().Header().Set("ETag", part.etag)
	return c.NoContent(http.StatusOK)
}

// putPart stores one part of exactly the wanted size.
func (l *lfsObjects) putPart(from io.Reader, want int64) (part lfsPart, err error) {
	hash, content := sha256.New(), &bytes.Buffer{}
	var to io.Writer = content
	if l.dir != "" {
		if err := os.MkdirAll(l.dir, 0o700); err != nil {
			return part, err
		}
		file, err := os.CreateTemp(l.dir, "part-*")
		if err != nil {
			return part, err
		}
		defer file.Close()
		part.path, to = file.Name(), file
	}
	n, err := io.Copy(io.MultiWriter(to, hash), io.LimitReader(from, want+1))
	if err != nil || n != want {
		part.drop()
		return part, errors.Join(err, fmt.Errorf("the part has %d bytes, not %d", n, want))
	}
	part.size, part.content = n, content.Bytes()
	part.etag = `"` + hex.EncodeToString(hash.Sum(nil))[:32] + `"`
	return part, nil
}

func (s *Server) completeUpload(c echo.Context) error {
	r, p, err := s.signed(c, transferComplete)
	if err != nil {
		return err
	}
	var in struct {
		OID   string `json:"oid"`
		Parts []struct {
			Number int    `json:"partNumber"`
			ETag   string `json:"etag"`
		} `json:"parts"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	upload := s.uploads.of(r, p.oid)
	s.uploads.mu.Lock()
	parts := make([]lfsPart, 0, len(in.Parts))
	for i, each := range in.Parts {
		part, ok := upload.parts[each.Number]
		if !ok || each.Number != i+1 || part.etag != each.ETag {
			s.uploads.mu.Unlock()
			return fail(c, http.StatusBadRequest, "", fmt.Sprintf("Part %d is missing, or its ETag is another", each.Number))
		}
		parts = append(parts, part)
	}
	s.uploads.mu.Unlock()
	if err := r.lfs.join(p, parts); errors.Is(err, errLFSMismatch) {
		return fail(c, http.StatusBadRequest, "", err.Error())
	} else if err != nil {
		return err
	}
	s.uploads.end(upload)
	return c.JSON(http.StatusOK, map[string]any{"success": true})
}

// join stores the content that parts make together.
func (l *lfsObjects) join(p pointer, parts []lfsPart) error {
	var readers []io.Reader
	var opened []io.Closer
	defer func() {
		for _, each := range opened {
			each.Close()
		}
	}()
	for _, part := range parts {
		from, err := part.open()
		if err != nil {
			return err
		}
		readers, opened = append(readers, from), append(opened, from)
	}
	return l.put(p, io.MultiReader(readers...))
}

// transferQuery is the signed part of a transfer link.
func (s *Server) transferQuery(op transfer, r *repo, p pointer) string {
	expires := strconv.FormatInt(time.Now().Add(transferTime).Unix(), 10)
	return url.Values{
		"size": {strconv.FormatInt(p.size, 10)}, "expires": {expires}, "signature": {s.sign(op, r.id, p, expires)},
	}.Encode()
}
