package emulator

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// OAuthApp is an app that users sign in to with their account here (https://huggingface.co/docs/hub/oauth).
type OAuthApp struct {
	ID     string
	Secret string // empty: a public app, which must use PKCE
	// RedirectURIs are where users may be sent back to, exactly; none means any address on loopback.
	RedirectURIs []string
	Name         string // shown to users; empty: the ID
}

// oauth is what the sign-in of apps knows.
type oauth struct {
	key signingKey

	mu      sync.Mutex
	apps    map[string]OAuthApp
	codes   map[string]grant // by the hash of an authorization code or a refresh token
	devices map[string]*deviceGrant
}

// grant is what a user allowed an app to get a token for.
type grant struct {
	app       string
	who       *account
	scopes    []string
	redirect  string
	challenge string // PKCE: the SHA-256 of a verifier, in base64url; empty: none
	nonce     string
	expires   time.Time
	refresh   bool // a refresh token rather than a code
}

// Bounds of what is kept, so that nobody fills the memory.
const (
	maxApps        = 1000
	maxGrants      = 10_000
	codeLifetime   = 10 * time.Minute
	accessLifetime = 8 * time.Hour // hf_oauth_expiration_minutes: 480 (https://huggingface.co/docs/hub/spaces-oauth)
	refreshTime    = 30 * 24 * time.Hour
)

// oauthScopes are the scopes that apps can ask for (https://huggingface.co/docs/hub/oauth).
var oauthScopes = []string{
	"openid", "profile", "email", "read-billing", "read-repos", "write-repos", "manage-repos", "inference-api",
	"write-discussions", "webhooks", "jobs", "gated-repos", "contribute-repos",
}

func (s *Server) oauthRoutes(e *echo.Echo) {
	e.GET("/.well-known/openid-configuration", s.openIDConfiguration)
	e.GET("/.well-known/oauth-authorization-server", s.openIDConfiguration)
	e.GET("/oauth/jwks", s.oauthKeys)
	e.GET("/oauth/authorize", s.askConsent)
	e.POST("/oauth/authorize", s.takeConsent)
	e.POST("/oauth/token", s.oauthToken)
	e.GET("/oauth/userinfo", s.userInfo)
	e.POST("/oauth/userinfo", s.userInfo)
	e.POST("/oauth/register", s.registerApp)
	e.POST("/oauth/device", s.startDevice)
	e.GET("/oauth/device", s.askDevice)
	e.POST("/oauth/device/confirm", s.takeDevice)
}

// addApps enters the apps of the options.
func (s *Server) addApps() error {
	for _, app := range s.opts.OAuthApps {
		if app.ID == "" {
			return errors.New("an OAuth app needs an id")
		}
		for _, uri := range app.RedirectURIs {
			if !redirectable(uri) {
				return fmt.Errorf("OAuth app %q: %q is no address to redirect to", app.ID, uri)
			}
		}
		if !s.sso.addApp(app) {
			return fmt.Errorf("OAuth app %q is there twice, or there are too many", app.ID)
		}
	}
	return nil
}

func (o *oauth) addApp(app OAuthApp) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.apps == nil {
		o.apps = map[string]OAuthApp{}
	}
	if _, taken := o.apps[app.ID]; taken || len(o.apps) >= maxApps {
		return false
	}
	o.apps[app.ID] = app
	return true
}

func (o *oauth) app(id string) (OAuthApp, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	app, ok := o.apps[id]
	return app, ok
}

// title is how users know the app.
func (a OAuthApp) title() string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

// takes tells whether a user may be sent back to an address.
func (a OAuthApp) takes(uri string) bool {
	if len(a.RedirectURIs) > 0 {
		return slices.Contains(a.RedirectURIs, uri)
	}
	parsed, err := url.Parse(uri)
	return err == nil && redirectable(uri) && loopback(parsed.Hostname())
}

// hasSecret compares in constant time. A public app has none.
func (a OAuthApp) hasSecret(given string) bool {
	return subtle.ConstantTimeCompare([]byte(a.Secret), []byte(given)) == 1
}

func redirectable(uri string) bool {
	parsed, err := url.Parse(uri)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != "" && parsed.Fragment == ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// keepGrant stores a grant under a new secret, by its hash, and returns the secret.
func (s *Server) keepGrant(prefix string, g grant) string {
	secret := prefix + rand.Text()
	hash := secretHash(secret)
	for _, dropped := range s.sso.keep(hash, g) {
		s.unsaved.put(bucketGrants, dropped, gone)
	}
	s.unsaved.put(bucketGrants, hash, g.record)
	return secret
}

// keep stores a grant and gives those that make place for it.
func (o *oauth) keep(hash string, g grant) (dropped []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.codes == nil {
		o.codes = map[string]grant{}
	}
	if len(o.codes) >= maxGrants {
		for each, old := range o.codes {
			if time.Now().After(old.expires) || len(o.codes) >= maxGrants {
				delete(o.codes, each)
				dropped = append(dropped, each)
			}
		}
	}
	o.codes[hash] = g
	return dropped
}

// appOf is the app that a code was made for.
func (o *oauth) appOf(code string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.codes[secretHash(code)].app
}

// redeem takes the grant of a code or refresh token, which is good once only.
func (s *Server) redeem(code string, refresh bool) (grant, bool) {
	hash := secretHash(code)
	s.sso.mu.Lock()
	defer s.sso.mu.Unlock()
	g, ok := s.sso.codes[hash]
	if !ok || g.refresh != refresh {
		return grant{}, false
	}
	delete(s.sso.codes, hash)
	s.unsaved.put(bucketGrants, hash, gone)
	return g, time.Now().Before(g.expires)
}

// oauthFailure answers as RFC 6749 wants it.
func oauthFailure(c echo.Context, status int, code, description string) error {
	return c.JSON(status, map[string]string{"error": code, "error_description": description})
}

// openIDConfiguration tells clients where everything is.
func (s *Server) openIDConfiguration(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{
		"issuer": s.URL(), "authorization_endpoint": s.URL() + "/oauth/authorize",
		"token_endpoint": s.URL() + "/oauth/token", "userinfo_endpoint": s.URL() + "/oauth/userinfo",
		"registration_endpoint": s.URL() + "/oauth/register", "device_authorization_endpoint": s.URL() + "/oauth/device",
		"jwks_uri": s.URL() + "/oauth/jwks", "scopes_supported": oauthScopes,
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token", deviceGrantType},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"claims_supported": []string{
			"sub", "iss", "aud", "exp", "iat", "nonce", "name", "preferred_username", "profile", "picture", "email",
			"email_verified", "isPro", "orgs",
		},
	})
}
