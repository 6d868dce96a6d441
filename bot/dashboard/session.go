package dashboard

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/store"
)

const (
	sessionCookie = "hfbot_session"
	sessionFor    = 12 * time.Hour
	formLimit     = 2 << 20 // bytes of a form: a payload of 1 MiB, encoded
)

// requirePerson lets only those in who may see everything; others get the page to sign in on.
func (d *Dashboard) requirePerson(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		p, err := d.admin.who(c.Request())
		if err != nil {
			return err
		}
		if p == nil {
			if !wantsPage(c.Request()) {
				return d.admin.refuse(c)
			}
			return d.showLogin(c, http.StatusUnauthorized, "")
		}
		c.Set("person", p)
		return next(c)
	}
}

// wantsPage tells a person's browser from a program.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// checkForm refuses forms that are not from a page of this dashboard.
func (d *Dashboard) checkForm(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		p, r := personOf(c), c.Request()
		r.Body = http.MaxBytesReader(c.Response(), r.Body, formLimit)
		if p.CSRF != "" && (!ownOrigin(r) || !equal(p.CSRF, r.PostFormValue("csrf"))) {
			return d.problem(c, http.StatusForbidden, "This form is out of date",
				"Nothing was done. Go back, reload the page and try again.")
		}
		for name, values := range r.PostForm {
			if name != "payload" && !isText(strings.Join(values, " ")) {
				return echo.NewHTTPError(http.StatusBadRequest, "the form is not UTF-8")
			}
		}
		return next(c)
	}
}

// secure tells whether the browser reaches the bot over TLS, here or at a proxy in front.
func secure(r *http.Request) bool {
	first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",") // each proxy may add its own
	return r.TLS != nil || strings.TrimSpace(first) == "https"
}

// cookieName is the name of a cookie. Over TLS it has the prefix with which browsers take it from this very host only, so
// that no neighbour below the same domain can plant one.
func cookieName(r *http.Request, name string) string {
	if secure(r) {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie that scripts cannot read and other sites' forms do not carry. Lax and not Strict, because the
// Hub leads back here after signing in.
func setCookie(c echo.Context, name, value string, maxAge time.Duration) {
	seconds := int(maxAge / time.Second)
	if value == "" {
		seconds = -1
	}
	c.SetCookie(&http.Cookie{
		Name: cookieName(c.Request(), name), Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: secure(c.Request()),
		SameSite: http.SameSiteLaxMode,
	})
}

// closeSession ends the session of a request's cookie, if any.
func (d *Dashboard) closeSession(c echo.Context) error {
	cookie, err := c.Cookie(cookieName(c.Request(), sessionCookie))
	if err != nil {
		return nil //nolint:nilerr // there is none
	}
	return d.Store.CloseSession(c.Request().Context(), cookie.Value)
}

// openSession signs somebody in and leads on to where they wanted to go. The session is a new one, whatever cookie came
// along.
func (d *Dashboard) openSession(c echo.Context, who, to string) error {
	if err := d.closeSession(c); err != nil {
		return err
	}
	ctx, secret := c.Request().Context(), newSecret()
	err := d.Store.OpenSession(ctx, secret, store.Session{Who: who, CSRF: newSecret(), ExpiresAt: d.Now().Add(sessionFor)})
	if err != nil {
		return err
	}
	if err := d.Store.AddAudit(ctx, store.Audit{Who: who, Act: "sign_in"}); err != nil {
		return err
	}
	setCookie(c, sessionCookie, secret, sessionFor)
	return c.Redirect(http.StatusSeeOther, inside(to))
}

// inside is a path of this site, so that a link cannot lead elsewhere after signing in.
func inside(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") || strings.HasPrefix(u.Path, "/login") {
		return "/"
	}
	return u.RequestURI()
}

func (d *Dashboard) logout(c echo.Context) error {
	ctx := c.Request().Context()
	if err := d.closeSession(c); err != nil {
		return err
	}
	if err := d.Store.AddAudit(ctx, store.Audit{Who: personOf(c).Who, Act: "sign_out"}); err != nil {
		return err
	}
	setCookie(c, sessionCookie, "", 0)
	if d.PublicHost != "" {
		return c.Redirect(http.StatusSeeOther, "/") // the visitors' page
	}
	return c.Redirect(http.StatusSeeOther, "/login")
}

// loginData is what the page to sign in on shows.
type loginData struct {
	To      string
	Error   string
	Token   bool   // a form for the admin's token
	Hub     bool   // a button to sign in with Hugging Face
	Framed  string // where to go instead, when the page is in a frame: cookies would not stay
	NoLogin bool   // there is no way in but from this machine
}

func (d *Dashboard) login(c echo.Context) error {
	p, err := d.admin.who(c.Request())
	if err != nil {
		return err
	}
	if p != nil {
		return c.Redirect(http.StatusSeeOther, inside(c.QueryParam("to")))
	}
	return d.showLogin(c, http.StatusOK, "")
}

// showLogin shows the page to sign in on.
func (d *Dashboard) showLogin(c echo.Context, status int, message string) error {
	r := c.Request()
	to := r.URL.RequestURI()
	if r.URL.Path == "/login" {
		to = r.FormValue("to")
	}
	data := loginData{
		To: inside(to), Error: message, Token: d.AdminToken != "", Hub: d.signIn != nil,
		NoLogin: d.AdminToken == "" && d.signIn == nil,
	}
	if r.Header.Get("Sec-Fetch-Dest") == "iframe" {
		data.Framed = "/login?to=" + url.QueryEscape(data.To)
	}
	if status == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", `Bearer realm="hfbot"`)
	}
	return d.show(c, status, "login", &page{Title: "Sign in", Static: true, Data: data})
}

// loginByToken takes the admin's token from the form.
func (d *Dashboard) loginByToken(c echo.Context) error {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, formLimit)
	if !ownOrigin(r) {
		return d.problem(c, http.StatusForbidden, "This form comes from another site", "Nothing was done.")
	}
	token := strings.TrimSpace(r.PostFormValue("token")) // read first: a slow body is no try yet
	from := proxies(d.Proxies).caller(r)
	if !d.admin.attempts.begin(from) {
		c.Response().Header().Set("Retry-After", "60")
		return d.showLogin(c, http.StatusTooManyRequests, "Too many wrong tokens. Wait a minute and try again.")
	}
	if d.AdminToken == "" || !equal(d.AdminToken.Reveal(), token) {
		return d.showLogin(c, http.StatusUnauthorized, "This is not the admin's token (HFBOT_ADMIN_TOKEN of the bot).")
	}
	d.admin.attempts.succeeded(from)
	return d.openSession(c, "admin token", r.PostFormValue("to"))
}
