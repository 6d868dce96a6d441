package dashboard

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/hub"
)

// SignIn is Sign in with Hugging Face (https://huggingface.co/docs/hub/oauth): OpenID Connect with PKCE. A Space with
// hf_oauth: true gets the provider and the client from its environment.
type SignIn struct {
	Provider     string // base URL of the OpenID provider, such as https://huggingface.co
	ClientID     string // empty: not offered
	ClientSecret hub.Secret
	Users        []string // names that may come in
	Orgs         []string // names of organisations whose members may come in
	Owner        string   // user who may come in; or organisation whose admins and writers may
}

const (
	signInCookie  = "hfbot_signin"
	signInFor     = 10 * time.Minute
	signInTimeout = 15 * time.Second
	largestAnswer = 1 << 20 // bytes of the provider's answers
)

// signIn talks to the provider.
type signIn struct {
	SignIn
	client *http.Client

	mu    sync.Mutex
	known *provider
}

// provider is where the provider answers, from /.well-known/openid-configuration.
type provider struct {
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	UserInfo  string `json:"userinfo_endpoint"`
}

// member is who the provider says somebody is. The fields are those of OAuthUserInfo and OAuthOrgInfo in
// huggingface_hub's _oauth.py.
type member struct {
	Sub  string `json:"sub"`
	Name string `json:"preferred_username"`
	Orgs []struct {
		Name string `json:"preferred_username"`
		Role string `json:"roleInOrg"`
	} `json:"orgs"`
}

// newSignIn is nil when there is no client to sign in with.
func newSignIn(s SignIn) *signIn {
	if s.ClientID == "" || s.Provider == "" {
		return nil
	}
	s.Provider = strings.TrimSuffix(s.Provider, "/")
	return &signIn{SignIn: s, client: &http.Client{Timeout: signInTimeout, CheckRedirect: noRedirect}}
}

// noRedirect keeps the client's secret from being sent elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// find asks the provider once where it answers. Its endpoints must be on its own host, since the client's secret goes
// there.
func (s *signIn) find(ctx context.Context) (*provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known != nil {
		return s.known, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Provider+"/.well-known/openid-configuration", http.NoBody)
	if err != nil {
		return nil, err
	}
	p := new(provider)
	if err := s.do(req, p); err != nil {
		return nil, err
	}
	base, err := url.Parse(s.Provider)
	if err != nil {
		return nil, err
	}
	for _, endpoint := range []string{p.Authorize, p.Token, p.UserInfo} {
		u, err := url.Parse(endpoint)
		if err != nil || u.Scheme != base.Scheme || u.Host != base.Host {
			return nil, fmt.Errorf("the provider %s names an endpoint elsewhere: %q", s.Provider, endpoint)
		}
	}
	s.known = p
	return p, nil
}

// do makes a call and decodes the answer.
func (s *signIn) do(req *http.Request, out any) error {
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the provider: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, largestAnswer))
	if err != nil {
		return fmt.Errorf("read the provider's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the provider answered %d to %s %s", resp.StatusCode, req.Method, req.URL.Path)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("the provider's answer to %s is no JSON as expected: %w", req.URL.Path, err)
	}
	return nil
}

// trade exchanges a code for an access token.
func (s *signIn) trade(ctx context.Context, p *provider, code, verifier, back string) (token string, err error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {back}, "client_id": {s.ClientID},
		"code_verifier": {verifier},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.ClientSecret != "" {
		req.SetBasicAuth(url.QueryEscape(s.ClientID), url.QueryEscape(s.ClientSecret.Reveal()))
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := s.do(req, &answer); err != nil {
		return "", err
	}
	if answer.AccessToken == "" {
		return "", errors.New("the provider gave no access token")
	}
	return answer.AccessToken, nil
}

// member asks who a token belongs to.
func (s *signIn) member(ctx context.Context, p *provider, token string) (*member, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.UserInfo, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	m := new(member)
	if err := s.do(req, m); err != nil {
		return nil, err
	}
	if m.Name == "" {
		return nil, errors.New("the provider does not say who signed in")
	}
	return m, nil
}

// admits tells whether somebody may come in.
func (s *signIn) admits(m *member) bool {
	if slices.Contains(s.Users, m.Name) || s.Owner != "" && m.Name == s.Owner {
		return true
	}
	for _, org := range m.Orgs {
		if org.Name == "" {
			continue
		}
		if slices.Contains(s.Orgs, org.Name) || org.Name == s.Owner && (org.Role == "admin" || org.Role == "write") {
			return true
		}
	}
	return false
}

// backAddress is where the provider leads back to.
func (d *Dashboard) backAddress(r *http.Request) string {
	return strings.TrimSuffix(d.hookAddress(r), "/webhook") + "/login/callback"
}

// loginBegin leads to the provider. What is needed when it leads back is in a cookie of the browser, so that nobody else's
// way back fits, and another instance or a restart does not matter.
func (d *Dashboard) loginBegin(c echo.Context) error {
	if d.signIn == nil {
		return echo.ErrNotFound
	}
	p, err := d.signIn.find(c.Request().Context())
	if err != nil {
		return d.signInFailed(c, err)
	}
	state, verifier := newSecret(), newSecret()
	to := url.QueryEscape(inside(c.QueryParam("to")))
	setCookie(c, signInCookie, state+"."+verifier+"."+base64.RawURLEncoding.EncodeToString([]byte(to)), signInFor)
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {d.signIn.ClientID}, "redirect_uri": {d.backAddress(c.Request())},
		"scope": {"openid profile"}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	return c.Redirect(http.StatusSeeOther, p.Authorize+"?"+query.Encode())
}

// loginEnd is where the provider leads back to.
func (d *Dashboard) loginEnd(c echo.Context) error {
	if d.signIn == nil {
		return echo.ErrNotFound
	}
	cookie, err := c.Cookie(cookieName(c.Request(), signInCookie))
	if err != nil {
		return d.showLogin(c, http.StatusBadRequest, "Signing in took too long, or this browser keeps no cookies. Try again.")
	}
	setCookie(c, signInCookie, "", 0)
	parts := strings.Split(cookie.Value, ".")
	if len(parts) != 3 || !equal(parts[0], c.QueryParam("state")) {
		return d.showLogin(c, http.StatusBadRequest, "This way back from signing in was not begun here. Try again.")
	}
	if refused := c.QueryParam("error"); refused != "" {
		return d.showLogin(c, http.StatusUnauthorized, "Hugging Face did not sign you in: "+cut(100, refused)+".")
	}
	ctx := c.Request().Context()
	p, err := d.signIn.find(ctx)
	if err != nil {
		return d.signInFailed(c, err)
	}
	token, err := d.signIn.trade(ctx, p, c.QueryParam("code"), parts[1], d.backAddress(c.Request()))
	if err != nil {
		return d.signInFailed(c, err)
	}
	m, err := d.signIn.member(ctx, p, token)
	if err != nil {
		return d.signInFailed(c, err)
	}
	if !d.signIn.admits(m) {
		return d.showLogin(c, http.StatusForbidden, "You are signed in to Hugging Face as "+cut(100, m.Name)+
			", who may not see this dashboard. Its owner can add you to HFBOT_ALLOWED_USERS or HFBOT_ALLOWED_ORGS.")
	}
	to, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		to = nil
	}
	where, err := url.QueryUnescape(string(to))
	if err != nil {
		where = "/"
	}
	return d.openSession(c, m.Name, where)
}

// signInFailed says that signing in did not work; why is in the log, since it may tell of the bot's settings.
func (d *Dashboard) signInFailed(c echo.Context, err error) error {
	d.Log.Warn("sign in with Hugging Face", zap.Error(err))
	return d.showLogin(c, http.StatusBadGateway, "Hugging Face could not be asked who you are. Try again; the bot's log says why.")
}
