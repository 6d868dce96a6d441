package emulator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// upkeepRoutes measure, check, squash and copy repositories (https://huggingface.co/.well-known/openapi.json).
func (s *Server) upkeepRoutes(e *echo.Echo) {
	e.GET(apiRepo+"/treesize/:rev", s.treeSize)
	e.GET(apiRepo+"/treesize/:rev/*", s.treeSize)
	e.GET(apiRepo+"/scan", s.scanRepo)
	e.POST(apiRepo+"/super-squash/:rev", s.superSquash)
	e.POST(apiRepo+"/duplicate", s.duplicateRepo)
}

// treeSize is the size of all files below a path, that of LFS files being that of their content.
func (s *Server) treeSize(c echo.Context) error {
	r, head, err := s.repoAt(c)
	if err != nil {
		return err
	}
	files, err := r.files(head)
	if err != nil {
		return err
	}
	folder, size := strings.Trim(param(c, "*"), "/"), int64(0)
	for path, file := range files {
		if folder == "" || path == folder || strings.HasPrefix(path, folder+"/") {
			size += r.fileEntry(path, file).Size
		}
	}
	return c.JSON(http.StatusOK, map[string]any{"path": "/" + folder, "size": size})
}

// scanRepo finds no issues: the local Hub scans nothing.
func (s *Server) scanRepo(c echo.Context) error {
	if _, _, err := s.repoFor(c, false); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, nothingFound())
}

func nothingFound() map[string]any {
	return map[string]any{"scansDone": true, "filesWithIssues": []any{}}
}

// superSquash makes one commit of a whole branch.
func (s *Server) superSquash(c echo.Context) error {
	r, who, err := s.repoFor(c, true)
	if err != nil {
		return err
	}
	var in struct {
		Message string `json:"message"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	branch := branchRef(revision(c))
	head, ok := r.head(branch)
	if !ok || strings.HasPrefix(branch, "refs/tags/") {
		return noRevision(c)
	}
	if in.Message == "" {
		in.Message = "Super-squash branch '" + strings.TrimPrefix(branch, "refs/heads/") + "' using huggingface_hub"
	}
	commit, err := r.commit(head)
	if err != nil {
		return err
	}
	squashed, err := r.writeCommit(commit.TreeHash, nil, who, in.Message)
	if err != nil {
		return err
	}
	if err := r.setRef(branch, squashed, head); err != nil {
		return commitFailure(c, err)
	}
	r.touch()
	s.refsUpdated(r, who, []hub.UpdatedRef{updatedRef(branch, head, squashed)})
	return c.JSON(http.StatusOK, map[string]string{"commitId": squashed.String()})
}

// duplicateRepo copies branches and tags into a new repository of the caller.
func (s *Server) duplicateRepo(c echo.Context) error {
	from, _, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	who, err := s.require(c, mayManageRepos)
	if err != nil {
		return err
	}
	if err := s.gate(c, from, who); err != nil {
		return err
	}
	var in struct {
		Repository string `json:"repository"`
		Visibility string `json:"visibility"`
		Private    bool   `json:"private"`
		spaceInput
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	state := from.state()
	copied, err := s.newRepo(c, who, createRepoInput{
		Name: in.Repository, Type: from.typ, Visibility: in.Visibility, Private: in.Private, SDK: state.spaceSDK,
		spaceInput: in.spaceInput,
	})
	if err != nil {
		return err
	}
	if err := copied.copyFrom(from); err != nil {
		return err
	}
	if err := s.repos.add(copied); err != nil {
		return fail(c, http.StatusConflict, "", "You already created this "+string(from.typ)+" repo")
	}
	s.repoEvent(copied, who, "create", "repo", nil)
	return c.JSON(http.StatusOK, map[string]string{"url": s.URL() + copied.ref().WebPath()})
}

// copyFrom takes the branches, tags and files of another repository.
func (r *repo) copyFrom(other *repo) error {
	refs := slices.Concat(other.git.list("refs/heads/"), other.git.list("refs/tags/"))
	other.git.mu.RLock()
	objects := make([]plumbing.EncodedObject, 0, len(other.git.objects))
	for _, o := range other.git.objects {
		objects = append(objects, o)
	}
	other.git.mu.RUnlock()
	for _, o := range objects {
		if _, err := r.git.SetEncodedObject(o); err != nil {
			return err
		}
		content, err := readObject(o)
		if err != nil {
			return err
		}
		if p, ok := parsePointer(content); ok && other.lfs.has(p) {
			if err := r.lfs.copyFrom(&other.lfs, p); err != nil {
				return err
			}
		}
	}
	for _, ref := range refs {
		if err := r.setRef(ref.name, ref.hash, plumbing.ZeroHash); err != nil {
			return err
		}
	}
	return nil
}

// copyFrom stores an object that another repository has.
func (l *lfsObjects) copyFrom(other *lfsObjects, p pointer) error {
	stored, _ := other.get(p.oid)
	content, err := stored.open()
	if err != nil {
		return err
	}
	defer content.Close()
	return l.put(p, content)
}
