package dashboard

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// access lets the admin in, and on a laptop whoever sits at it.
type access struct {
	token hub.Secret
	local bool // the bot listens on loopback and has no public name
}

// require is the middleware that refuses everybody else.
func (a access) require(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if a.allowed(c.Request()) {
			return next(c)
		}
		c.Response().Header().Set("WWW-Authenticate", `Bearer realm="hfbot"`)
		message := "send the admin's token: Authorization: Bearer … (HFBOT_ADMIN_TOKEN)"
		if a.token == "" {
			message = "set HFBOT_ADMIN_TOKEN to open the dashboard; without it only loopback callers may see it"
		}
		return c.JSON(http.StatusUnauthorized, map[string]string{"error": message})
	}
}

func (a access) allowed(r *http.Request) bool {
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && a.token != "" {
		want, got := sha256.Sum256([]byte(a.token.Reveal())), sha256.Sum256([]byte(given))
		return subtle.ConstantTimeCompare(want[:], got[:]) == 1
	}
	return a.token == "" && a.local && loopback(r.Host) && loopback(r.RemoteAddr) && sameSite(r) && !forwarded(r)
}

// forwardedHeaders betray a proxy in front, behind which every caller looks local.
var forwardedHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"}

func forwarded(r *http.Request) bool {
	for _, h := range forwardedHeaders {
		if r.Header.Get(h) != "" {
			return true
		}
	}
	return false
}

// sameSite refuses what a page of another site makes the browser send: without it any web page could press the
// dashboard's buttons on a laptop.
func sameSite(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate"
	}
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host
}

// loopback tells whether "host:port" or a bare host is this machine itself.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
