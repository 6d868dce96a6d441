package emulator

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// oauthToken gives an app a token for a code, a refresh token or a device code (RFC 6749, 7636, 8628).
func (s *Server) oauthToken(c echo.Context) error {
	in, err := formOrJSON(c)
	if err != nil {
		return err
	}
	app, ok := s.callingApp(c, in)
	if !ok {
		c.Response().Header().Set("WWW-Authenticate", `Basic realm="OAuth app"`)
		return oauthFailure(c, http.StatusUnauthorized, "invalid_client", "unknown client_id or wrong client_secret")
	}
	switch in.Get("grant_type") {
	case "authorization_code":
		return s.redeemCode(c, app, in)
	case "refresh_token":
		g, ok := s.redeem(in.Get("refresh_token"), true)
		if !ok || g.app != app.ID {
			return oauthFailure(c, http.StatusBadRequest, "invalid_grant", "the refresh token is unknown or expired")
		}
		return s.answerToken(c, g)
	case deviceGrantType:
		return s.redeemDevice(c, app, in.Get("device_code"))
	}
	return oauthFailure(c, http.StatusBadRequest, "unsupported_grant_type",
		"grant_type is authorization_code, refresh_token or "+deviceGrantType)
}

// callingApp finds the app that makes the request and checks its secret, if it has one.
func (s *Server) callingApp(c echo.Context, in url.Values) (OAuthApp, bool) {
	id, secret := in.Get("client_id"), in.Get("client_secret")
	if user, password, ok := c.Request().BasicAuth(); ok {
		id, secret = unescaped(user), unescaped(password) // RFC 6749, section 2.3.1
	}
	if id == "" { // the official JavaScript client (oauth-handle-redirect.ts) names none, and uses PKCE
		id = s.sso.appOf(in.Get("code"))
	}
	app, ok := s.sso.app(id)
	switch {
	case !ok:
		return app, false
	case secret != "":
		return app, app.Secret != "" && app.hasSecret(secret)
	}
	return app, app.Secret == "" || in.Get("code_verifier") != "" || in.Get("device_code") != ""
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func (s *Server) redeemCode(c echo.Context, app OAuthApp, in url.Values) error {
	g, ok := s.redeem(in.Get("code"), false)
	switch {
	case !ok || g.app != app.ID:
		return oauthFailure(c, http.StatusBadRequest, "invalid_grant", "the code is unknown, used or expired")
	case g.redirect != in.Get("redirect_uri"):
		return oauthFailure(c, http.StatusBadRequest, "invalid_grant", "redirect_uri is not the one the code was made for")
	case !g.verifiedBy(in.Get("code_verifier")):
		return oauthFailure(c, http.StatusBadRequest, "invalid_grant", "code_verifier does not fit the code_challenge")
	case g.challenge == "" && app.Secret == "":
		return oauthFailure(c, http.StatusBadRequest, "invalid_request", "an app without a secret needs PKCE")
	}
	return s.answerToken(c, g)
}

// verifiedBy checks PKCE.
func (g grant) verifiedBy(verifier string) bool {
	if g.challenge == "" {
		return verifier == ""
	}
	hash := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(hash[:])), []byte(g.challenge)) == 1
}

// answerToken makes an access token for what was granted.
func (s *Server) answerToken(c echo.Context, g grant) error {
	now := time.Now()
	token := "hf_oauth_" + rand.Text()
	s.keepToken(token, &credential{who: g.who, scopes: g.scopes, expires: now.Add(accessLifetime)})
	refresh := g
	refresh.refresh, refresh.expires = true, now.Add(refreshTime)
	answer := map[string]any{
		"access_token": token, "token_type": "bearer", "expires_in": int(accessLifetime.Seconds()),
		"scope": strings.Join(g.scopes, " "), "refresh_token": s.keepGrant("hf_oauth_refresh_", refresh),
	}
	if slices.Contains(g.scopes, "openid") {
		id, err := s.idToken(g, now)
		if err != nil {
			return err
		}
		answer["id_token"] = id
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, answer)
}

// formOrJSON reads the fields of a body, which clients send either way.
func formOrJSON(c echo.Context) (url.Values, error) {
	r := c.Request()
	const limit = 64 << 10
	r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/json" {
		var fields map[string]any
		if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
			return nil, fail(c, http.StatusBadRequest, "", "the body is neither a form nor JSON")
		}
		in := url.Values{}
		for name, value := range fields {
			if text, ok := value.(string); ok {
				in.Set(name, text)
			}
		}
		return in, nil
	}
	if err := r.ParseForm(); err != nil {
		return nil, fail(c, http.StatusBadRequest, "", "the body is neither a form nor JSON")
	}
	return r.PostForm, nil
}
