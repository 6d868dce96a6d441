package emulator

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// commitRoutes write files without git (https://huggingface.co/docs/huggingface_hub/guides/upload).
func (s *Server) commitRoutes(e *echo.Echo) {
	e.POST(apiRepo+"/preupload/:rev", s.preupload)
	e.POST(apiRepo+"/commit/:rev", s.commit)
}

func (s *Server) commit(c echo.Context) error {
	r, who, branch, err := s.writableRevision(c)
	if err != nil {
		return err
	}
	request, err := readCommit(c)
	if err != nil {
		return err
	}
	for i, each := range request.changes {
		if each.lfs != nil && each.lfs.size < 0 {
			stored, _ := r.lfs.get(each.lfs.oid)
			request.changes[i].lfs.size = stored.size
		}
	}
	in := commitInput{
		message: request.message(), author: who, changes: request.changes, branch: branch, parent: request.parent,
	}
	if flag(c, "create_pr") {
		return s.commitPullRequest(c, r, in, request)
	}
	commit, old, err := r.commitChanges(in)
	if err != nil {
		return commitFailure(c, err)
	}
	s.refsUpdated(r, who, []hub.UpdatedRef{updatedRef(branch, old, commit)})
	return c.JSON(http.StatusOK, s.commitAnswer(r, commit))
}

// commitPullRequest makes the commit on top of the branch or of the expected parent, as a new pull request.
func (s *Server) commitPullRequest(c echo.Context, r *repo, in commitInput, request *commitRequest) error {
	if r.state().discussionsDisabled {
		return fail(c, http.StatusForbidden, "", "Discussions are disabled for this repo")
	}
	base, err := r.resolve(in.branch)
	if in.parent != "" {
		base, err = r.resolve(in.parent)
	}
	if err != nil {
		return commitFailure(c, err)
	}
	commit, err := r.buildCommit(in, base)
	if err != nil {
		return commitFailure(c, err)
	}
	num := s.openPullRequest(r, in.author, pullRequestInput{
		title: request.summary, description: request.description, base: in.branch, head: commit,
	})
	answer := s.commitAnswer(r, commit)
	answer["pullRequestUrl"] = fmt.Sprintf("%s%s/discussions/%d", s.URL(), r.ref().WebPath(), num)
	return c.JSON(http.StatusOK, answer)
}

func (s *Server) commitAnswer(r *repo, commit plumbing.Hash) map[string]any {
	return map[string]any{
		"success": true, "commitOid": commit.String(), "hookOutput": "",
		"commitUrl": s.URL() + r.ref().WebPath() + "/commit/" + commit.String(),
	}
}

func readCommit(c echo.Context) (*commitRequest, error) {
	body := http.MaxBytesReader(c.Response(), c.Request().Body, maxCommit)
	kind, _, _ := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	parse := parseCommitLines
	if kind == "application/json" {
		parse = parseCommitDocument
	}
	request, err := parse(body)
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return nil, fail(c, http.StatusRequestEntityTooLarge, "", errCommitTooLarge.Error())
	case errors.Is(err, errCommitTooLarge):
		return nil, fail(c, http.StatusRequestEntityTooLarge, "", err.Error())
	case err != nil:
		return nil, fail(c, http.StatusBadRequest, "", err.Error())
	}
	return request, nil
}

// revision is the revision that the path names.
func revision(c echo.Context) string { return param(c, "rev") }

// writableRevision finds the repository and the full ref that a commit is for. With create_pr it is enough to be
// logged in and to see the repository; a pull request's ref takes commits from its author as well.
func (s *Server) writableRevision(c echo.Context) (*repo, *account, string, error) {
	r, who, err := s.repoFor(c, false)
	if err != nil {
		return nil, nil, "", err
	}
	if who == nil {
		_, err = s.requireCaller(c)
		return nil, nil, "", err
	}
	branch := branchRef(revision(c))
	if flag(c, "create_pr") {
		err = s.requireAny(c, mayDiscuss, mayWriteRepos)
		return r, who, branch, err
	}
	if !s.mayPush(r, s.pusher(c), branch) {
		return nil, nil, "", fail(c, http.StatusForbidden, "",
			"You don't have the required permissions to commit here. Open a pull request instead (create_pr=1).")
	}
	if _, ok := r.head(branch); !ok || strings.HasPrefix(branch, "refs/tags/") {
		return nil, nil, "", noRevision(c)
	}
	if strings.HasPrefix(branch, "refs/pr/") && !r.takesCommits(branch) {
		return nil, nil, "", fail(c, http.StatusForbidden, "", "This pull request is not open")
	}
	return r, who, branch, nil
}

// branchRef is the full ref of what a commit names.
func branchRef(rev string) string {
	if strings.HasPrefix(rev, "refs/") {
		return rev
	}
	return "refs/heads/" + rev
}
