package emulator

import (
	"strconv"

	"github.com/labstack/echo/v4"
)

// page is the part of a list of total entries that the request's cursor and limit mean.
func page(c echo.Context, total, limit int) (from, to int) {
	from = min(number(c, "cursor", 0, 0, total), total)
	return from, min(from+limit, total)
}

// linkNext points to the rest of a list by the header Link, with an absolute URL that has all parameters, as the Hub
// does (https://huggingface.co/docs/hub/api).
func (s *Server) linkNext(c echo.Context, to, total int) {
	if to >= total {
		return
	}
	s.link(c, "cursor", to)
}

// link sets the header to this request's URL with one parameter changed.
func (s *Server) link(c echo.Context, name string, value int) {
	query := c.QueryParams()
	query.Set(name, strconv.Itoa(value))
	next := s.URL() + c.Request().URL.EscapedPath() + "?" + query.Encode()
	c.Response().Header().Set("Link", "<"+next+`>; rel="next"`)
}
