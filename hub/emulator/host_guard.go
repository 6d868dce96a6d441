package emulator

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// guardHost refuses requests for other hosts at a server that listens on loopback: a web page whose name was made to
// point there (DNS rebinding) must not act on the local Hub by the browser of its user.
func (s *Server) guardHost(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		local, ok := c.Request().Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
		if ok && local.IP.IsLoopback() && !s.knowsHost(c.Request().Host) {
			return fail(c, http.StatusForbidden, "", "This local Hub answers to "+s.URL()+" only, not to other host names")
		}
		return next(c)
	}
}

func (s *Server) knowsHost(hostPort string) bool {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	own, err := url.Parse(s.URL())
	return loopback(host) || host == "host.docker.internal" || err == nil && host == strings.ToLower(own.Hostname())
}
