package emulator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/labstack/echo/v4"
)

// contentRoutes read what a repository holds at a revision.
func (s *Server) contentRoutes(e *echo.Echo) {
	e.GET(apiRepo+"/tree/:rev", s.listTree)
	e.GET(apiRepo+"/tree/:rev/*", s.listTree)
	e.POST(apiRepo+"/paths-info/:rev", s.pathsInfo)
	e.GET(apiRepo+"/commits/:rev", s.listCommits)
	e.GET(apiRepo+"/compare/:range", s.compare)
}

// treeEntry is a file or folder as the tree and paths-info calls tell it. The size of an LFS file is that of its
// content.
type treeEntry struct {
	Type       string      `json:"type"`
	OID        string      `json:"oid"`
	Size       int64       `json:"size"`
	Path       string      `json:"path"`
	LFS        *treeLFS    `json:"lfs,omitempty"`
	LastCommit *lastCommit `json:"lastCommit,omitempty"`
}

type treeLFS struct {
	OID         string `json:"oid"`
	Size        int64  `json:"size"`
	PointerSize int64  `json:"pointerSize"`
}

type lastCommit struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Date  string `json:"date"`
}

func (r *repo) fileEntry(path string, file treeFile) treeEntry {
	entry := treeEntry{Type: "file", OID: file.hash.String(), Path: path}
	entry.Size, _ = r.git.EncodedObjectSize(file.hash)
	if p, ok := r.pointerAt(file.hash); ok {
		entry.LFS = &treeLFS{OID: p.oid, Size: p.size, PointerSize: entry.Size}
		entry.Size = p.size
	}
	return entry
}

// listTree answers GET /api/{type}s/{name}/tree/{revision}/{folder}, in pages.
func (s *Server) listTree(c echo.Context) error {
	r, head, err := s.repoAt(c)
	if err != nil {
		return err
	}
	folder := strings.Trim(param(c, "*"), "/")
	entries, err := r.list(head, folder, flag(c, "recursive"))
	if err != nil {
		return err
	}
	if entries == nil && folder != "" {
		return fail(c, http.StatusNotFound, codeEntryNotFound, folder+" does not exist on \""+revision(c)+"\"")
	}
	expand := flag(c, "expand")
	most := 1000
	if expand {
		most = 100
	}
	from, to := page(c, len(entries), number(c, "limit", most, 1, most))
	shown := append([]treeEntry{}, entries[from:to]...)
	if expand {
		if err := r.addLastCommits(head, shown); err != nil {
			return err
		}
	}
	s.linkNext(c, to, len(entries))
	return c.JSON(http.StatusOK, shown)
}

// repoAt finds the repository and the commit that the path names.
func (s *Server) repoAt(c echo.Context) (*repo, plumbing.Hash, error) {
	r, _, err := s.repoFor(c, false)
	if err != nil {
		return nil, plumbing.ZeroHash, err
	}
	head, err := r.resolve(revision(c))
	if err != nil {
		return nil, plumbing.ZeroHash, noRevision(c)
	}
	return r, head, nil
}

// list gives the entries under a folder, empty for the root; nil when there is no such folder.
func (r *repo) list(commit plumbing.Hash, folder string, recursive bool) ([]treeEntry, error) {
	tree, err := r.tree(commit)
	if err != nil {
		return nil, err
	}
	prefix := ""
	if folder != "" {
		if tree, err = tree.Tree(folder); err != nil {
			return nil, nil //nolint:nilerr // no such folder is an empty answer
		}
		prefix = folder + "/"
	}
	return r.listInto([]treeEntry{}, tree.Hash, prefix, recursive)
}

func (r *repo) listInto(list []treeEntry, hash plumbing.Hash, prefix string, recursive bool) ([]treeEntry, error) {
	tree, err := object.GetTree(r.git, hash)
	if err != nil {
		return nil, err
	}
	for _, entry := range tree.Entries {
		if len(list) >= maxTreeFiles {
			return nil, errTooManyFiles
		}
		path := prefix + entry.Name
		if entry.Mode.IsFile() {
			list = append(list, r.fileEntry(path, treeFile{entry.Hash, entry.Mode}))
			continue
		}
		list = append(list, treeEntry{Type: "directory", OID: entry.Hash.String(), Path: path})
		if recursive && r.git.HasEncodedObject(entry.Hash) == nil {
			if list, err = r.listInto(list, entry.Hash, path+"/", true); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// entryAt is the file or folder at a path.
func (r *repo) entryAt(tree *object.Tree, path string) (treeEntry, bool) {
	found, err := tree.FindEntry(path)
	if err != nil {
		return treeEntry{}, false
	}
	if found.Mode.IsFile() {
		return r.fileEntry(path, treeFile{found.Hash, found.Mode}), true
	}
	return treeEntry{Type: "directory", OID: found.Hash.String(), Path: path}, true
}

// pathsInfo tells about the given paths and leaves out those that do not exist. Python sends a form, JavaScript JSON.
func (s *Server) pathsInfo(c echo.Context) error {
	r, head, err := s.repoAt(c)
	if err != nil {
		return err
	}
	paths, expand, err := wantedPaths(c)
	if err != nil {
		return err
	}
	tree, err := r.tree(head)
	if err != nil {
		return err
	}
	entries := []treeEntry{}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		if entry, ok := r.entryAt(tree, strings.Trim(path, "/")); ok {
			entries = append(entries, entry)
		}
	}
	if expand {
		if err := r.addLastCommits(head, entries); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, entries)
}

func wantedPaths(c echo.Context) (paths []string, expand bool, err error) {
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, bodyLimit)
	if strings.HasPrefix(c.Request().Header.Get("Content-Type"), "application/json") {
		var in struct {
			Paths  []string `json:"paths"`
			Expand bool     `json:"expand"`
		}
		err = decodeJSON(c, &in)
		return in.Paths, in.Expand, err
	}
	if err := c.Request().ParseForm(); err != nil {
		return nil, false, fail(c, http.StatusBadRequest, "", "the body is neither a form nor JSON")
	}
	form := c.Request().PostForm
	return form["paths"], strings.EqualFold(form.Get("expand"), "true") || form.Get("expand") == "1", nil
}
