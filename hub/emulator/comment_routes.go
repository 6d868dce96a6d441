package emulator

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

func (s *Server) createComment(c echo.Context, at place) error {
	var in struct {
		Comment string `json:"comment"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := checkComment("comment", in.Comment); err != nil {
		return err
	}
	view, err := s.onComment(at, "create", func(d *discussion) (*discussionEvent, error) {
		return d.addComment(at.caller, in.Comment), nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]eventView{"newMessage": view})
}

func (s *Server) editComment(c echo.Context, at place) error {
	var in struct {
		Content string `json:"content"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := checkComment("content", in.Content); err != nil {
		return err
	}
	view, err := s.onComment(at, "update", func(d *discussion) (*discussionEvent, error) {
		event, err := d.findComment(strings.ToLower(c.Param("comment")))
		if err != nil {
			return nil, err
		}
		return event, event.edit(at.caller, in.Content)
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]eventView{"updatedComment": view})
}

func (s *Server) hideComment(c echo.Context, at place) error {
	view, err := s.onComment(at, "update", func(d *discussion) (*discussionEvent, error) {
		event, err := d.findComment(strings.ToLower(c.Param("comment")))
		if err != nil {
			return nil, err
		}
		return event, event.hide(at.caller, at.canWrite)
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]eventView{"updatedComment": view})
}

// onComment does something to a comment, tells the webhooks and renders the comment.
func (s *Server) onComment(
	at place, action string, do func(d *discussion) (*discussionEvent, error),
) (view eventView, err error) {
	var told discussionNews
	err = at.repo.talk.with(at.num, func(d *discussion) error {
		event, err := do(d)
		if err != nil {
			return err
		}
		view, told = event.view(), d.news(at.links, event)
		return nil
	})
	if err == nil {
		s.tell(at.repo, at.caller, action, "discussion.comment", told)
	}
	return view, err
}
