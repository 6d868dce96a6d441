package emulator

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// discussionRoutes adds discussions and pull requests
// (https://huggingface.co/docs/hub/repositories-pull-requests-discussions).
func (s *Server) discussionRoutes(e *echo.Echo) {
	g := e.Group(apiRepo + "/discussions")
	g.GET("", s.inTalk(s.listDiscussions))
	g.POST("", s.inTalk(s.createDiscussion))
	g.GET("/:num", s.inTalk(s.showDiscussion))
	g.DELETE("/:num", s.inTalk(s.deleteDiscussion))
	g.POST("/:num/comment", s.inTalk(s.createComment))
	g.POST("/:num/comment/:comment/edit", s.inTalk(s.editComment))
	g.POST("/:num/comment/:comment/hide", s.inTalk(s.hideComment))
	g.POST("/:num/status", s.inTalk(s.changeStatus))
	g.PATCH("/:num/status", s.inTalk(s.changeStatus)) // the Swift client's spelling
	g.POST("/:num/title", s.inTalk(s.changeTitle))
	g.POST("/:num/pin", s.inTalk(s.pinDiscussion))
	g.POST("/:num/merge", s.inTalk(s.mergePullRequest))
	g.DELETE("/:num/ref", s.inTalk(s.deletePullRequestRef))
}

// place is where in the discussions a request works, and who makes it.
type place struct {
	repo     *repo
	ref      hub.RepoRef
	caller   *account // nil: anonymous, who only reads
	owner    *account
	canWrite bool // to the repository
	num      int  // 0: none named
	links    discussionLinks
}

// inTalk finds the place, for callers who may read the repository. All but reading needs a login.
func (s *Server) inTalk(handle func(echo.Context, place) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, caller, err := s.repoFor(c, false)
		if err != nil {
			return err
		}
		if c.Request().Method != http.MethodGet {
			if caller, err = s.require(c, mayDiscuss); err != nil {
				return err
			}
		}
		state := r.state()
		if state.discussionsDisabled {
			return deny(http.StatusForbidden, "Discussions are disabled for this repository")
		}
		at := place{
			repo: r, ref: hub.RepoRef{Type: r.typ, Name: state.name}, caller: caller,
			owner: state.owner, canWrite: state.writableBy(caller),
		}
		at.links = s.discussionLinks(at.ref)
		if c.Param("num") != "" {
			if at.num, err = strconv.Atoi(c.Param("num")); err != nil {
				return deny(http.StatusNotFound, "%q is not the number of a discussion", c.Param("num"))
			}
		}
		return handle(c, at)
	}
}

// mayManage refuses callers who neither wrote d nor can write to the repository.
func (at place) mayManage(d *discussion) error {
	if d.author != at.caller && !at.canWrite {
		return deny(http.StatusForbidden, "Only its author or an owner of the repository can do this")
	}
	return nil
}

// mustWrite refuses callers who cannot write to the repository.
func (at place) mustWrite() error {
	if !at.canWrite {
		return deny(http.StatusForbidden, "Only an owner of the repository can do this")
	}
	return nil
}

func (s *Server) listDiscussions(c echo.Context, at place) error {
	filter, err := readDiscussionFilter(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, at.repo.talk.page(filter, at.ref, at.owner))
}

// createDiscussion opens a discussion, or a pull request that is a draft until its author publishes it.
func (s *Server) createDiscussion(c echo.Context, at place) error {
	var in struct {
		Title       string  `json:"title"`
		Description *string `json:"description"`
		PullRequest bool    `json:"pullRequest"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := checkTitle(in.Title); err != nil {
		return err
	}
	if in.Description == nil {
		return deny(http.StatusBadRequest, `"description" is required`)
	}
	if err := checkLength("description", *in.Description); err != nil {
		return err
	}
	if in.PullRequest {
		return s.createDraft(c, at, in.Title, *in.Description)
	}
	num := at.repo.talk.allot()
	d := &discussion{num: num, title: in.Title, author: at.caller, status: statusOpen}
	told := at.repo.talk.add(d, at.links, *in.Description, nil)
	s.tell(at.repo, at.caller, "create", "discussion", told)
	return c.JSON(http.StatusOK, map[string]any{"url": at.links.web(num), "num": num, "pullRequest": false})
}

func (s *Server) showDiscussion(c echo.Context, at place) error {
	var view discussionView
	err := at.repo.talk.with(at.num, func(d *discussion) error {
		view = d.view(at.ref)
		return nil
	})
	if err != nil {
		return err
	}
	if view.pullRequestView != nil {
		if err := at.comparePullRequest(view.pullRequestView, flag(c, "diff")); err != nil {
			return err
		}
		view.DiffURL = at.links.web(at.num) + "/files.diff"
	}
	return c.JSON(http.StatusOK, view)
}

func (s *Server) deleteDiscussion(c echo.Context, at place) error {
	if err := at.mustWrite(); err != nil {
		return err
	}
	told, err := at.repo.talk.remove(at.num, at.links)
	if err != nil {
		return err
	}
	s.tell(at.repo, at.caller, "delete", "discussion", told)
	return c.NoContent(http.StatusOK)
}
