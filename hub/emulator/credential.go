package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// permission is something that a token may do, named like the scopes of OAuth apps
// (https://huggingface.co/docs/hub/oauth).
type permission string

const (
	mayReadRepos   permission = "read-repos"  // private ones too; public ones need no permission
	mayWriteRepos  permission = "write-repos" // content
	mayManageRepos permission = "manage-repos"
	mayDiscuss     permission = "write-discussions"
	mayHook        permission = "webhooks"
	mayRunJobs     permission = "jobs"
)

// implied are the permissions that come with another.
var implied = map[permission][]permission{
	mayReadRepos:  {mayWriteRepos, mayManageRepos},
	mayWriteRepos: {mayManageRepos},
}

// Token is a further access token of a user, besides the one in User, which may do everything.
type Token struct {
	User  string
	Token string
	// Role is read, write or fineGrained (https://huggingface.co/docs/hub/security-tokens).
	Role string
	// Scopes are what a fineGrained token may do: any of read-repos, write-repos, manage-repos, write-discussions,
	// webhooks and jobs.
	Scopes []string
	// Expires is when the token stops working; zero is never.
	Expires time.Time
}

// credential is what a request logs in with: an access token, or a token that an OAuth app got from its user.
type credential struct {
	who       *account
	role      string // read, write or fineGrained; empty for one of an OAuth app
	scopes    []string
	createdAt time.Time
	expires   time.Time // zero: never
}

// may tells whether the token is good for something that its user is allowed to do.
func (c *credential) may(wanted permission) bool {
	switch c.role {
	case roleWrite:
		return true
	case roleRead:
		return wanted == mayReadRepos
	}
	return slices.ContainsFunc(append([]permission{wanted}, implied[wanted]...), func(p permission) bool {
		return slices.Contains(c.scopes, string(p))
	})
}

// credentials are all tokens that are good now, by their hash, so that looking one up tells nothing about the others.
type credentials struct {
	mu     sync.RWMutex
	byHash map[[sha256.Size]byte]*credential
}

func (l *credentials) add(token string, c *credential) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byHash == nil {
		l.byHash = map[[sha256.Size]byte]*credential{}
	}
	if c.createdAt.IsZero() {
		c.createdAt = time.Now()
	}
	l.byHash[sha256.Sum256([]byte(token))] = c
}

// addHash is add for a token of which only the hash is known.
func (l *credentials) addHash(text string, c *credential) error {
	hash, err := hex.DecodeString(text)
	if err != nil || len(hash) != sha256.Size {
		return fmt.Errorf("a token's hash is damaged: %q", text)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byHash == nil {
		l.byHash = map[[sha256.Size]byte]*credential{}
	}
	l.byHash[[sha256.Size]byte(hash)] = c
	return nil
}

// find gives what a token stands for, nil when it is unknown or expired.
func (l *credentials) find(token string) *credential {
	l.mu.RLock()
	defer l.mu.RUnlock()
	found := l.byHash[sha256.Sum256([]byte(token))]
	if found == nil || !found.expires.IsZero() && time.Now().After(found.expires) {
		return nil
	}
	return found
}

// addTokens enters what the options give: each user's own token and the further ones.
func (s *Server) addTokens() error {
	for _, user := range s.accounts.users() {
		s.tokens.add(user.token, &credential{who: user, role: roleWrite, createdAt: user.createdAt})
	}
	for _, each := range s.opts.Tokens {
		who := s.accounts.named(each.User)
		switch {
		case who == nil || who.org:
			return fmt.Errorf("a token belongs to %q, who is no user here", each.User)
		case each.Token == "" || s.tokens.find(each.Token) != nil:
			return fmt.Errorf("a token of %q is empty or taken", each.User)
		case !slices.Contains([]string{roleRead, roleWrite, "fineGrained"}, each.Role):
			return fmt.Errorf("a token of %q has the role %q, which is none of read, write, fineGrained", each.User, each.Role)
		}
		s.tokens.add(each.Token, &credential{who: who, role: each.Role, scopes: each.Scopes, expires: each.Expires})
	}
	return nil
}

// requireAny is require for what any of several permissions is enough for.
func (s *Server) requireAny(c echo.Context, wanted ...permission) (err error) {
	for _, each := range slices.Backward(wanted) {
		if _, err = s.require(c, each); err == nil {
			return nil
		}
	}
	return err
}

const credentialKey = "credential"

// authenticate finds who calls, by bearer token or by Basic auth with the token as password, and refuses a token that
// nobody has. A request without one goes on anonymously.
func (s *Server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		token, ok := requestToken(c.Request())
		if !ok || hasOwnAuth(c.Request()) {
			return next(c)
		}
		found := s.tokens.find(token)
		if found == nil || s.hooks.faults.tokenExpired(c.Request()) {
			return fail(c, http.StatusUnauthorized, "", "Invalid credentials in Authorization header")
		}
		c.Set(credentialKey, found)
		return next(c)
	}
}

// hasOwnAuth tells the call whose Authorization header names an OAuth app rather than a user.
func hasOwnAuth(r *http.Request) bool { return r.URL.Path == "/oauth/token" }

func requestToken(r *http.Request) (token string, ok bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", false
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true // a scheme the Hub does not know is a wrong credential, not none
	}
	return strings.TrimSpace(token), true
}

// credential is what the request logged in with, nil when it is anonymous.
func (s *Server) credential(c echo.Context) *credential {
	found, _ := c.Get(credentialKey).(*credential)
	return found
}

// caller is the account that makes the request, nil when anonymous.
func (s *Server) caller(c echo.Context) *account {
	if found := s.credential(c); found != nil {
		return found.who
	}
	return nil
}

// reader is the caller as far as the token lets it see private repositories.
func (s *Server) reader(c echo.Context) *account {
	if found := s.credential(c); found != nil && found.may(mayReadRepos) {
		return found.who
	}
	return nil
}

// requireCaller is caller for what needs a login.
func (s *Server) requireCaller(c echo.Context) (*account, error) {
	if who := s.caller(c); who != nil {
		return who, nil
	}
	return nil, fail(c, http.StatusUnauthorized, "", "Invalid username or password.")
}

// require is requireCaller with a token that is good for something.
func (s *Server) require(c echo.Context, wanted permission) (*account, error) {
	who, err := s.requireCaller(c)
	if err == nil && !s.credential(c).may(wanted) {
		return nil, fail(c, http.StatusForbidden, "",
			"This token lacks the permission "+string(wanted)+": use one with the role write, or grant it")
	}
	return who, err
}
