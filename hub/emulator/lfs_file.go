package emulator

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// lfsFileRoutes list, delete and copy the LFS files of a repository (https://huggingface.co/.well-known/openapi.json).
func (s *Server) lfsFileRoutes(e *echo.Echo) {
	e.GET(apiRepo+"/lfs-files", s.listLFSFiles)
	e.DELETE(apiRepo+"/lfs-files/:sha", s.deleteLFSFile)
	e.POST(apiRepo+"/lfs-files/batch", s.deleteLFSFiles)
	e.POST(apiRepo+"/lfs-files/duplicate", s.duplicateLFSFiles)
}

// lfsFile is a large file as the list tells it (huggingface_hub, hf_api.py, LFSFileInfo).
type lfsFile struct {
	FileOID  string `json:"fileOid"`
	Filename string `json:"filename"`
	OID      string `json:"oid"`
	Size     int64  `json:"size"`
	Ref      string `json:"ref,omitempty"` // where it is to be found
	PushedAt string `json:"pushedAt"`
}

// listLFSFiles lists all that is stored, also what no branch names any more, in the order of names.
func (s *Server) listLFSFiles(c echo.Context) error {
	r, _, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	list := []lfsFile{}
	for oid, stored := range r.lfs.all() {
		list = append(list, lfsFile{FileOID: fileOID(oid), OID: oid, Size: stored.size, PushedAt: timestamp(stored.storedAt)})
	}
	if err := r.nameLFSFiles(list); err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b lfsFile) int { return strings.Compare(a.Filename+"\x00"+a.OID, b.Filename+"\x00"+b.OID) })
	from, to := page(c, len(list), number(c, "limit", 1000, 1, 1000))
	s.linkNext(c, to, len(list))
	return c.JSON(http.StatusOK, list[from:to])
}

// fileOID is the id that a large file always gets.
func fileOID(oid string) string { return oid[:24] }

// nameLFSFiles finds where the files are: at the head of a ref, main before others.
func (r *repo) nameLFSFiles(list []lfsFile) error {
	at := map[string]*lfsFile{}
	for i := range list {
		at[list[i].OID] = &list[i]
	}
	refs := slices.Concat([]namedRef{{name: mainBranch}}, r.git.list("refs/"))
	refs[0].hash, _ = r.head(mainBranch)
	for _, ref := range refs {
		head, err := r.peel(ref.hash)
		if err != nil {
			continue // a repository without a commit, or a tag of something else
		}
		files, err := r.files(head)
		if err != nil {
			return err
		}
		for _, path := range sortedPaths(files) {
			p, ok := r.pointerAt(files[path].hash)
			if found := at[p.oid]; ok && found != nil && found.Ref == "" {
				found.Filename, found.Ref = path, ref.name
			}
		}
	}
	return nil
}

func (s *Server) deleteLFSFile(c echo.Context) error {
	rewrite := c.QueryParam("rewriteHistory") == "" || flag(c, "rewriteHistory")
	return s.dropLFSFiles(c, []string{param(c, "sha")}, rewrite)
}

// deleteLFSFiles deletes many files. The Python client names them by fileOid, the API's description by the SHA-256.
func (s *Server) deleteLFSFiles(c echo.Context) error {
	var in struct {
		Deletions struct {
			SHA     []string `json:"sha"`
			Rewrite *bool    `json:"rewriteHistory"`
		} `json:"deletions"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	const most = 1000
	if n := len(in.Deletions.SHA); n == 0 || n > most {
		return fail(c, http.StatusBadRequest, "", `"deletions.sha" has 1 to 1000 entries`)
	}
	return s.dropLFSFiles(c, in.Deletions.SHA, in.Deletions.Rewrite == nil || *in.Deletions.Rewrite)
}

// dropLFSFiles forgets the content of files for good. With rewrite, all commits that have a pointer to them are
// replaced by commits without.
func (s *Server) dropLFSFiles(c echo.Context, names []string, rewrite bool) error {
	r, who, err := s.repoFor(c, true)
	if err != nil {
		return err
	}
	drop := map[string]bool{}
	for oid := range r.lfs.all() {
		if slices.Contains(names, oid) || slices.Contains(names, fileOID(oid)) {
			drop[oid] = true
		}
	}
	if len(drop) == 0 {
		return fail(c, http.StatusNotFound, "", "No LFS file with this id")
	}
	if rewrite {
		updates, err := r.forgetPointers(drop)
		if err != nil {
			return commitFailure(c, err)
		}
		if len(updates) > 0 {
			r.touch()
			s.refsUpdated(r, who, updates)
		}
	}
	for oid := range drop {
		if err := r.lfs.remove(oid); err != nil {
			return err
		}
	}
	return c.NoContent(http.StatusOK)
}

// forgetPointers rewrites all refs so that no commit has a pointer to the dropped content.
func (r *repo) forgetPointers(drop map[string]bool) (updates []hub.UpdatedRef, err error) {
	w := rewriter{repo: r, drop: drop, commits: map[plumbing.Hash]plumbing.Hash{}, trees: map[plumbing.Hash]plumbing.Hash{}}
	for _, ref := range r.git.list("refs/") {
		head, err := r.peel(ref.hash)
		if err != nil {
			continue
		}
		made, err := w.history(head)
		if err != nil {
			return updates, err
		}
		if made == head {
			continue
		}
		if err := r.setRef(ref.name, made, ref.hash); err != nil {
			return updates, err
		}
		updates = append(updates, updatedRef(ref.name, ref.hash, made))
	}
	return updates, nil
}

// all gives the objects that are stored now.
func (l *lfsObjects) all() map[string]lfsObject {
	l.mu.RLock()
	defer l.mu.RUnlock()
	list := make(map[string]lfsObject, len(l.stored))
	for oid, each := range l.stored {
		list[oid] = each
	}
	return list
}

// remove forgets an object.
func (l *lfsObjects) remove(oid string) error {
	l.mu.Lock()
	found := l.stored[oid]
	delete(l.stored, oid)
	l.mu.Unlock()
	if found.path == "" {
		return nil
	}
	if err := os.Remove(found.path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// duplicateLFSFiles gives the content of this repository's files to another one, so that a commit there can name them.
func (s *Server) duplicateLFSFiles(c echo.Context) error {
	from, who, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	if err := s.gate(c, from, who); err != nil {
		return err
	}
	var in struct {
		Target struct {
			Type hub.RepoType `json:"type"`
			Name string       `json:"name"`
		} `json:"target"`
		Files []struct {
			XetHash string `json:"xetHash"`
			SHA256  string `json:"sha256"`
		} `json:"files"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	writer, err := s.require(c, mayWriteRepos)
	if err != nil {
		return err
	}
	to, _ := s.repos.find(hub.RepoRef{Type: in.Target.Type, Name: in.Target.Name})
	if to == nil || !to.state().readableBy(writer) {
		return s.hidden(c, writer)
	}
	if !to.state().writableBy(writer) {
		return fail(c, http.StatusForbidden, "", "You don't have the required permissions to write to the target repository.")
	}
	failed := []map[string]string{}
	for _, each := range in.Files {
		stored, ok := from.lfs.get(each.SHA256)
		if !ok {
			failed = append(failed, map[string]string{"xetHash": each.XetHash, "sha256": each.SHA256, "error": "File not found"})
			continue
		}
		if err := to.lfs.copyFrom(&from.lfs, pointer{oid: each.SHA256, size: stored.size}); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if len(failed) > 0 {
		status = http.StatusMultiStatus
	}
	return c.JSON(status, map[string]any{
		"success": len(failed) == 0, "processed": len(in.Files), "succeeded": len(in.Files) - len(failed), "failed": failed,
	})
}
