package emulator

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// changeStatus opens, publishes or closes, with a comment when one is sent along.
func (s *Server) changeStatus(c echo.Context, at place) error {
	var in struct {
		Status  string `json:"status"`
		Comment string `json:"comment"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := checkLength("comment", in.Comment); err != nil {
		return err
	}
	var view eventView
	var said, told discussionNews
	err := at.repo.talk.with(at.num, func(d *discussion) error {
		if err := at.mayManage(d); err != nil {
			return err
		}
		event, err := d.setStatus(at.caller, in.Status)
		if err != nil {
			return err
		}
		view, told = event.view(), d.news(at.links, nil)
		if in.Comment != "" {
			said = d.news(at.links, d.addComment(at.caller, in.Comment))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if said.comment != nil {
		s.tell(at.repo, at.caller, "create", "discussion.comment", said)
	}
	s.tell(at.repo, at.caller, "update", "discussion", told)
	return c.JSON(http.StatusOK, map[string]eventView{"newStatus": view})
}

func (s *Server) changeTitle(c echo.Context, at place) error {
	var in struct {
		Title string `json:"title"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := checkTitle(in.Title); err != nil {
		return err
	}
	var view eventView
	var told discussionNews
	err := at.repo.talk.with(at.num, func(d *discussion) error {
		if err := at.mayManage(d); err != nil {
			return err
		}
		view = d.setTitle(at.caller, in.Title).view()
		told = d.news(at.links, nil)
		return nil
	})
	if err != nil {
		return err
	}
	s.tell(at.repo, at.caller, "update", "discussion", told)
	return c.JSON(http.StatusOK, map[string]eventView{"newTitle": view})
}

func (s *Server) pinDiscussion(c echo.Context, at place) error {
	var in struct {
		Pinned *bool `json:"pinned"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if in.Pinned == nil {
		return deny(http.StatusBadRequest, `"pinned" is required`)
	}
	if err := at.mustWrite(); err != nil {
		return err
	}
	var told discussionNews
	err := at.repo.talk.with(at.num, func(d *discussion) error {
		d.setPinned(at.caller, *in.Pinned)
		told = d.news(at.links, nil)
		return nil
	})
	if err != nil {
		return err
	}
	s.tell(at.repo, at.caller, "update", "discussion", told)
	return c.NoContent(http.StatusOK)
}
