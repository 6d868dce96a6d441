package emulator

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
)

const (
	lfsMediaType = "application/vnd.git-lfs+json"
	maxLFSBatch  = 1000 // objects in one request
)

// lfsRoutes are the LFS server of each repository (https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md).
func (s *Server) lfsRoutes(web *echo.Group) {
	web.POST("/info/lfs/objects/batch", s.lfsBatch)
	web.POST("/info/lfs/locks/verify", s.lfsLocks)
	web.GET("/info/lfs/locks", s.lfsLocks)
	web.POST("/info/lfs/locks", s.refuseLock)
}

type lfsBatchInput struct {
	Operation string   `json:"operation"`
	Transfers []string `json:"transfers"`
	Objects   []struct {
		OID  string `json:"oid"`
		Size int64  `json:"size"`
	} `json:"objects"`
}

type lfsObjectAnswer struct {
	OID           string               `json:"oid"`
	Size          int64                `json:"size"`
	Authenticated bool                 `json:"authenticated,omitempty"`
	Actions       map[string]lfsAction `json:"actions,omitempty"`
	Error         *lfsError            `json:"error,omitempty"`
}

type lfsAction struct {
	Href      string            `json:"href"`
	Header    map[string]string `json:"header,omitempty"`
	ExpiresIn int               `json:"expires_in"` // seconds
}

type lfsError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// lfsBatch tells where to send or fetch the content of large files. Everyone who may read may download; everyone
// logged in may upload, because a pull request needs no right to write.
func (s *Server) lfsBatch(c echo.Context) error {
	r, who, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	var in lfsBatchInput
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	describe, transfer := s.lfsDownload, "basic"
	switch in.Operation {
	case "download":
		err = s.gate(c, r, who)
	case "upload":
		parts := slices.Contains(in.Transfers, "multipart")
		describe = func(r *repo, p pointer) lfsObjectAnswer {
			answer := s.lfsUpload(r, p)
			if parts && answer.Actions != nil && p.size > s.partSize() {
				answer.Actions["upload"], transfer = s.inParts(r, p), "multipart"
			}
			return answer
		}
		err = s.requireAny(c, mayWriteRepos, mayDiscuss)
	default:
		err = fail(c, http.StatusUnprocessableEntity, "", `the operation is "upload" or "download"`)
	}
	if err != nil {
		return err
	}
	if len(in.Objects) > maxLFSBatch {
		return fail(c, http.StatusRequestEntityTooLarge, "", "too many objects in one batch")
	}
	objects := make([]lfsObjectAnswer, 0, len(in.Objects))
	for _, each := range in.Objects {
		objects = append(objects, describe(r, pointer{each.OID, each.Size}))
	}
	c.Response().Header().Set("Content-Type", lfsMediaType)
	return c.JSON(http.StatusOK, map[string]any{"transfer": transfer, "objects": objects, "hash_algo": "sha256"})
}

func (s *Server) lfsDownload(r *repo, p pointer) lfsObjectAnswer {
	answer := lfsObjectAnswer{OID: p.oid, Size: p.size}
	if !r.lfs.has(p) {
		answer.Error = &lfsError{http.StatusNotFound, "Object does not exist"}
		return answer
	}
	answer.Authenticated = true
	answer.Actions = map[string]lfsAction{"download": s.lfsAction(transferDownload, r, p)}
	return answer
}

// lfsUpload has no actions for what is stored already.
func (s *Server) lfsUpload(r *repo, p pointer) lfsObjectAnswer {
	answer := lfsObjectAnswer{OID: p.oid, Size: p.size}
	switch {
	case !lfsOID.MatchString(p.oid) || p.size < 0:
		answer.Error = &lfsError{http.StatusUnprocessableEntity, "An object needs a SHA-256 and a size"}
	case p.size > maxLFSObject:
		answer.Error = &lfsError{http.StatusUnprocessableEntity, "The object is larger than this local Hub can keep"}
	case !r.lfs.has(p):
		answer.Authenticated = true
		answer.Actions = map[string]lfsAction{
			"upload": s.lfsAction(transferUpload, r, p), "verify": s.lfsAction(transferVerify, r, p),
		}
	}
	return answer
}

func (s *Server) lfsAction(op transfer, r *repo, p pointer) lfsAction {
	return lfsAction{Href: s.transferURL(op, r, p, ""), ExpiresIn: int(transferTime.Seconds())}
}

// lfsLocks tells git-lfs, which asks before each push, that nothing is locked.
func (s *Server) lfsLocks(c echo.Context) error {
	if _, _, err := s.repoFor(c, false); err != nil {
		return err
	}
	if _, err := s.requireCaller(c); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Type", lfsMediaType)
	return c.JSON(http.StatusOK, map[string]any{"locks": []any{}, "ours": []any{}, "theirs": []any{}})
}

// refuseLock tells git-lfs in its own words that files cannot be locked.
func (s *Server) refuseLock(c echo.Context) error {
	if _, _, err := s.repoFor(c, true); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Type", lfsMediaType)
	return c.JSON(http.StatusNotImplemented, map[string]string{"message": "Files cannot be locked on the Hub."})
}
