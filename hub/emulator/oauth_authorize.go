package emulator

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

var consentPage = parsePage("consent.html")

// authorizeRequest is an app's wish that a user signs in to it.
type authorizeRequest struct {
	app    OAuthApp
	fields url.Values // as the app sent them
	scopes []string
}

// authorizeFields are what an app may send; the form repeats them.
var authorizeFields = []string{
	"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
}

// authorizeRequest checks the wish. Until app and address are known to belong together, errors are shown to the user
// and not sent to the address.
func (s *Server) authorizeRequest(c echo.Context, fields url.Values) (*authorizeRequest, error) {
	app, ok := s.sso.app(fields.Get("client_id"))
	switch {
	case !ok:
		return nil, fail(c, http.StatusBadRequest, "", "No OAuth app has this client_id")
	case !app.takes(fields.Get("redirect_uri")):
		return nil, fail(c, http.StatusBadRequest, "", "This redirect_uri is not registered for the OAuth app")
	}
	request := &authorizeRequest{app: app, fields: url.Values{}, scopes: knownScopes(fields.Get("scope"))}
	for _, name := range authorizeFields {
		if value := fields.Get(name); value != "" {
			request.fields.Set(name, value)
		}
	}
	method := fields.Get("code_challenge_method")
	switch {
	case fields.Get("response_type") != "code":
		return nil, request.sendBack(c, url.Values{"error": {"unsupported_response_type"}})
	case fields.Get("code_challenge") != "" && method != "S256":
		return nil, request.sendBack(c, url.Values{
			"error": {"invalid_request"}, "error_description": {"code_challenge_method must be S256"},
		})
	}
	return request, nil
}

// knownScopes splits a list of scopes and leaves out what the Hub does not have.
func knownScopes(text string) []string {
	scopes := slices.DeleteFunc(strings.Fields(text), func(scope string) bool { return !slices.Contains(oauthScopes, scope) })
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// sendBack redirects the user to the app with the outcome.
func (r *authorizeRequest) sendBack(c echo.Context, outcome url.Values) error {
	target, err := url.Parse(r.fields.Get("redirect_uri"))
	if err != nil {
		return err
	}
	query := target.Query()
	for name := range outcome {
		query.Set(name, outcome.Get(name))
	}
	if state := r.fields.Get("state"); state != "" {
		query.Set("state", state)
	}
	target.RawQuery = query.Encode()
	if err := c.Redirect(http.StatusFound, target.String()); err != nil {
		return err
	}
	return errAnswered
}

// askConsent shows who can sign in. The accounts of a local Hub are for play: on loopback one click is enough, from
// elsewhere the account's token is the password.
func (s *Server) askConsent(c echo.Context) error {
	request, err := s.authorizeRequest(c, c.QueryParams())
	if err != nil {
		return err
	}
	hidden := map[string]string{}
	for name := range request.fields {
		hidden[name] = request.fields.Get(name)
	}
	target, err := url.Parse(request.fields.Get("redirect_uri"))
	if err != nil {
		return err
	}
	return showPage(c, consentPage, map[string]any{
		"Title": "Sign in", "App": request.app.title(), "Scopes": request.scopes, "Request": hidden,
		"Users": s.userNames(), "AskToken": !fromLoopback(c), "Target": target.Scheme + "://" + target.Host,
	})
}

func (s *Server) userNames() []string {
	var names []string
	for _, user := range s.accounts.users() {
		names = append(names, user.name)
	}
	return names
}

// fromLoopback tells whether the request comes from this machine, and through no proxy.
func fromLoopback(c echo.Context) bool {
	host, _, err := net.SplitHostPort(c.Request().RemoteAddr)
	header := c.Request().Header
	return err == nil && loopback(host) && header.Get("X-Forwarded-For") == "" && header.Get("Forwarded") == ""
}

// takeConsent gives the app a code for the user who signed in.
func (s *Server) takeConsent(c echo.Context) error {
	fields, err := formOrJSON(c)
	if err != nil {
		return err
	}
	request, err := s.authorizeRequest(c, fields)
	if err != nil {
		return err
	}
	if fields.Get("deny") != "" {
		return request.sendBack(c, url.Values{"error": {"access_denied"}})
	}
	who, err := s.signIn(c, fields)
	if err != nil {
		return err
	}
	code := s.keepGrant("", grant{
		app: request.app.ID, who: who, scopes: request.scopes, redirect: fields.Get("redirect_uri"),
		challenge: fields.Get("code_challenge"), nonce: fields.Get("nonce"), expires: time.Now().Add(codeLifetime),
	})
	s.opts.Log("%s signed in to %s", who.name, request.app.title())
	return request.sendBack(c, url.Values{"code": {code}})
}

var sameOrigin = http.NewCrossOriginProtection()

// signIn finds who sends the form of a page here.
func (s *Server) signIn(c echo.Context, fields url.Values) (*account, error) {
	if err := sameOrigin.Check(c.Request()); err != nil {
		return nil, fail(c, http.StatusForbidden, "", "This form was sent from another site")
	}
	who := s.accounts.named(fields.Get("username"))
	if who == nil || who.org {
		return nil, fail(c, http.StatusForbidden, "", "There is no user of this name")
	}
	if !fromLoopback(c) {
		if token := s.tokens.find(fields.Get("token")); token == nil || token.who != who {
			return nil, fail(c, http.StatusForbidden, "", "This is not a token of "+who.name)
		}
	}
	return who, nil
}
