package emulator

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// deviceGrantType is how a program without a browser of its own asks for a token (RFC 8628).
const deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"

const deviceLifetime = 15 * time.Minute

// deviceGrant is a program's wish, which its user confirms on a page. It is guarded by the lock of oauth.
type deviceGrant struct {
	grant
	userCode string
}

var devicePage = parsePage("device.html")

// startDevice begins: the program shows its user a code and where to type it.
func (s *Server) startDevice(c echo.Context) error {
	in, err := formOrJSON(c)
	if err != nil {
		return err
	}
	app, ok := s.sso.app(in.Get("client_id"))
	if !ok {
		return oauthFailure(c, http.StatusUnauthorized, "invalid_client", "unknown client_id")
	}
	d := &deviceGrant{
		grant:    grant{app: app.ID, scopes: knownScopes(in.Get("scope")), expires: time.Now().Add(deviceLifetime)},
		userCode: rand.Text()[:4] + "-" + rand.Text()[:4],
	}
	code := rand.Text()
	if !s.sso.addDevice(code, d) {
		return oauthFailure(c, http.StatusTooManyRequests, "slow_down", "too many devices wait for their user")
	}
	return c.JSON(http.StatusOK, map[string]any{
		"device_code": code, "user_code": d.userCode, "verification_uri": s.URL() + "/oauth/device",
		"expires_in": int(deviceLifetime.Seconds()),
	})
}

func (o *oauth) addDevice(code string, d *deviceGrant) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.devices == nil {
		o.devices = map[string]*deviceGrant{}
	}
	for old, each := range o.devices {
		if time.Now().After(each.expires) {
			delete(o.devices, old)
		}
	}
	if len(o.devices) >= maxApps {
		return false
	}
	o.devices[code] = d
	return true
}

// askDevice shows the page on which the user types the code.
func (s *Server) askDevice(c echo.Context) error {
	return showPage(c, devicePage, map[string]any{
		"Title": "Connect a device", "Code": c.QueryParam("user_code"), "Users": s.userNames(), "AskToken": !fromLoopback(c),
	})
}

func (s *Server) takeDevice(c echo.Context) error {
	fields, err := formOrJSON(c)
	if err != nil {
		return err
	}
	who, err := s.signIn(c, fields)
	if err != nil {
		return err
	}
	if !s.sso.confirmDevice(strings.ToUpper(strings.TrimSpace(fields.Get("user_code"))), who) {
		return fail(c, http.StatusNotFound, "", "No device waits with this code")
	}
	return showPage(c, devicePage, map[string]any{
		"Title": "Connect a device", "Done": "The device is connected as " + who.name + ".",
	})
}

func (o *oauth) confirmDevice(userCode string, who *account) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.devices {
		if d.userCode == userCode && d.who == nil && time.Now().Before(d.expires) {
			d.who = who
			return true
		}
	}
	return false
}

// redeemDevice gives the program its token once the user has confirmed.
func (s *Server) redeemDevice(c echo.Context, app OAuthApp, code string) error {
	g, problem := s.sso.takeConfirmed(code, app.ID)
	if problem != "" {
		return oauthFailure(c, http.StatusBadRequest, problem, "")
	}
	return s.answerToken(c, g)
}

// takeConfirmed gives the grant of a confirmed device, or the error that RFC 8628 has for its state.
func (o *oauth) takeConfirmed(code, app string) (g grant, problem string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.devices[code]
	switch {
	case d == nil || d.app != app || time.Now().After(d.expires):
		return grant{}, "expired_token"
	case d.who == nil:
		return grant{}, "authorization_pending"
	}
	delete(o.devices, code)
	return d.grant, ""
}
