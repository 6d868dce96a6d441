package emulator

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// refRoutes list, make and end branches and tags.
func (s *Server) refRoutes(e *echo.Echo) {
	e.GET(apiRepo+"/refs", s.listRefs)
	e.POST(apiRepo+"/branch/:rev", s.createBranch)
	e.DELETE(apiRepo+"/branch/:rev", s.deleteBranch)
	e.POST(apiRepo+"/tag/:rev", s.createTag)
	e.DELETE(apiRepo+"/tag/:rev", s.deleteTag)
}

type refView struct {
	Name         string `json:"name"`
	Ref          string `json:"ref"`
	TargetCommit string `json:"targetCommit"`
}

func (s *Server) listRefs(c echo.Context) error {
	r, _, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	answer := map[string][]refView{
		"branches": r.viewRefs("refs/heads/"), "tags": r.viewRefs("refs/tags/"), "converts": r.viewRefs("refs/convert/"),
	}
	if flag(c, "include_prs") || flag(c, "include_pull_requests") {
		answer["pullRequests"] = r.viewRefs("refs/pr/")
	}
	return c.JSON(http.StatusOK, answer)
}

func (r *repo) viewRefs(prefix string) []refView {
	views := []refView{}
	for _, ref := range r.git.list(prefix) {
		target, err := r.peel(ref.hash)
		if err != nil {
			target = ref.hash
		}
		views = append(views, refView{strings.TrimPrefix(ref.name, prefix), ref.name, target.String()})
	}
	return views
}

func (s *Server) createBranch(c echo.Context) error {
	r, who, err := s.repoFor(c, true)
	if err != nil {
		return err
	}
	var in struct {
		StartingPoint string `json:"startingPoint"`
		EmptyBranch   bool   `json:"emptyBranch"`
		Overwrite     bool   `json:"overwrite"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	name := strings.TrimPrefix(revision(c), "refs/heads/")
	if strings.HasPrefix(name, "refs/") {
		return fail(c, http.StatusBadRequest, "", "Invalid reference for a branch: "+name)
	}
	target, err := r.resolve(in.StartingPoint)
	if in.EmptyBranch {
		var tree plumbing.Hash
		if tree, err = r.writeTree(nil); err == nil {
			target, err = r.writeCommit(tree, nil, who, "initial commit")
		}
	}
	if err != nil {
		return commitFailure(c, err)
	}
	ref := "refs/heads/" + name
	old, exists := r.head(ref)
	if exists && !in.Overwrite {
		return fail(c, http.StatusConflict, "", "Reference "+ref+" already exists")
	}
	return s.moveRef(c, r, who, ref, target, old)
}

// moveRef changes a ref for a call that answers nothing but success.
func (s *Server) moveRef(c echo.Context, r *repo, who *account, ref string, target, old plumbing.Hash) error {
	err := r.setRef(ref, target, old)
	switch {
	case errors.Is(err, errRefMoved):
		return commitFailure(c, err)
	case err != nil:
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	r.touch()
	s.refsUpdated(r, who, []hub.UpdatedRef{updatedRef(ref, old, target)})
	return c.JSON(http.StatusOK, map[string]any{})
}

func (s *Server) deleteBranch(c echo.Context) error {
	r, who, err := s.repoFor(c, true)
	if err != nil {
		return err
	}
	ref := branchRef(revision(c))
	old, ok := r.head(ref)
	switch {
	case ref == mainBranch:
		return fail(c, http.StatusForbidden, "", "Cannot delete refs/heads/main")
	case !ok || !strings.HasPrefix(ref, "refs/heads/"):
		return noRevision(c)
	}
	return s.moveRef(c, r, who, ref, plumbing.ZeroHash, old)
}

// createTag tags the revision of the path; with a message it makes an annotated tag.
func (s *Server) createTag(c echo.Context) error {
	r, who, err := s.repoFor(c, true)
	if err != nil {
		return err
	}
	var in struct {
		Tag     string `json:"tag"`
		Message string `json:"message"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	target, err := r.resolve(revision(c))
	if err != nil {
		return noRevision(c)
	}
	ref := "refs/tags/" + in.Tag
	if _, exists := r.head(ref); exists {
		return fail(c, http.StatusConflict, "", "Tag reference exists already")
	}
	if in.Message != "" {
		target, err = r.store(&object.Tag{
			Name: in.Tag, Tagger: who.signature(), Message: in.Message, TargetType: plumbing.CommitObject, Target: target,
		})
		if err != nil {
			return err
		}
	}
	return s.moveRef(c, r, who, ref, target, plumbing.ZeroHash)
}

func (s *Server) deleteTag(c echo.Context) error {
	r, who, err := s.repoFor(c, true)
	if err != nil {
		return err
	}
	ref := "refs/tags/" + revision(c)
	old, ok := r.head(ref)
	if !ok {
		return noRevision(c)
	}
	return s.moveRef(c, r, who, ref, plumbing.ZeroHash, old)
}
