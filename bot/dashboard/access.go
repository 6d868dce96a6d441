package dashboard

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// access lets the admin in, people who signed in, and on a laptop whoever sits at it.
type access struct {
	token    hub.Secret
	local    bool // the bot listens on loopback and has no public name
	store    *store.Store
	localKey string // what the forms of a page on a laptop carry
	now      func() time.Time
	attempts *attempts
}

// person is who a request comes from.
type person struct {
	Who     string // for the audit log
	CSRF    string // what forms must carry; empty for a bearer token, which no page can make a browser send
	Session bool   // there is a session to sign out of
}

// newSecret is a text nobody can guess.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// equal compares secrets in constant time, whatever their lengths.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// who tells who a request comes from; nil: somebody who may not see more than everybody.
func (a access) who(r *http.Request) (*person, error) {
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		if a.token != "" && equal(a.token.Reveal(), given) {
			return &person{Who: "admin token"}, nil
		}
		return nil, nil
	}
	if cookie, err := r.Cookie(cookieName(r, sessionCookie)); err == nil && a.store != nil {
		session, err := a.store.Session(r.Context(), cookie.Value)
		if err == nil {
			return &person{Who: session.Who, CSRF: session.CSRF, Session: true}, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	if a.token == "" && a.local && loopback(r.Host) && loopback(r.RemoteAddr) && sameSite(r) && !forwarded(r) {
		return &person{Who: "this computer", CSRF: a.localKey}, nil
	}
	return nil, nil
}

// api is the middleware of the API: it refuses strangers, and what a page of another site makes a browser send along with
// a session's cookie.
func (a access) api(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		p, err := a.who(r)
		if err != nil {
			return err
		}
		if p == nil {
			return a.refuse(c)
		}
		if p.CSRF != "" && r.Method != http.MethodGet && r.Method != http.MethodHead && !ownOrigin(r) {
			return c.JSON(http.StatusForbidden, map[string]string{"error": "this request comes from another site"})
		}
		c.Set("person", p)
		c.Response().Header().Set("Cache-Control", "no-store")
		return next(c)
	}
}

// refuse answers a stranger.
func (a access) refuse(c echo.Context) error {
	c.Response().Header().Set("WWW-Authenticate", `Bearer realm="hfbot"`)
	message := "send the admin's token: Authorization: Bearer … (HFBOT_ADMIN_TOKEN)"
	if a.token == "" {
		message = "set HFBOT_ADMIN_TOKEN to open the dashboard; without it only loopback callers may see it"
	}
	return c.JSON(http.StatusUnauthorized, map[string]string{"error": message})
}

// personOf is who the middleware found.
func personOf(c echo.Context) *person {
	p, _ := c.Get("person").(*person)
	return p
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
	return ownOrigin(r)
}

// ownOrigin tells whether a request does not come from a page of another origin, as far as the browser says.
func ownOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return false
	}
	origin := r.Header.Get("Origin")
	return origin == "" || origin == "http://"+r.Host || origin == "https://"+r.Host
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
