package emulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/labstack/echo/v4"
)

// account is a user. All accounts are made when the server is, and never change.
type account struct {
	id        string // 24 hex digits
	name      string
	token     string
	createdAt time.Time
}

type accounts []*account

var accountName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,40}[A-Za-z0-9])?$`)

func newAccounts(users []User) (accounts, error) {
	var list accounts
	for _, user := range users {
		switch {
		case !accountName.MatchString(user.Name) || objectID.MatchString(user.Name):
			return nil, fmt.Errorf("user %q: a name has up to 42 letters, digits, dots, dashes or underscores", user.Name)
		case user.Token == "":
			return nil, fmt.Errorf("user %q needs a token", user.Name)
		case list.named(user.Name) != nil || list.withToken(user.Token) != nil:
			return nil, errors.New("two users have the same name or token")
		}
		list = append(list, &account{id: newID(), name: user.Name, token: user.Token, createdAt: time.Now()})
	}
	return list, nil
}

// named finds an account; as on the Hub, names do not differ by case alone.
func (a accounts) named(name string) *account {
	for _, each := range a {
		if strings.EqualFold(each.name, name) {
			return each
		}
	}
	return nil
}

func (a accounts) withID(id string) *account {
	for _, each := range a {
		if each.id == id {
			return each
		}
	}
	return nil
}

// withToken compares hashes, so that neither the time nor the length of the comparison tells about a token.
func (a accounts) withToken(token string) *account {
	var found *account
	given := sha256.Sum256([]byte(token))
	for _, each := range a {
		own := sha256.Sum256([]byte(each.token))
		if subtle.ConstantTimeCompare(given[:], own[:]) == 1 {
			found = each
		}
	}
	return found
}

const callerKey = "caller"

// authenticate finds who calls, by bearer token or by Basic auth with the token as password, and refuses a token that
// nobody has. A request without one goes on anonymously.
func (s *Server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		token, ok := requestToken(c.Request())
		if !ok {
			return next(c)
		}
		who := s.accounts.withToken(token)
		if who == nil {
			return fail(c, http.StatusUnauthorized, "", "Invalid credentials in Authorization header")
		}
		c.Set(callerKey, who)
		return next(c)
	}
}

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

// caller is the account that makes the request, nil when anonymous.
func (s *Server) caller(c echo.Context) *account {
	who, _ := c.Get(callerKey).(*account)
	return who
}

// requireCaller is caller for what needs a login.
func (s *Server) requireCaller(c echo.Context) (*account, error) {
	if who := s.caller(c); who != nil {
		return who, nil
	}
	return nil, fail(c, http.StatusUnauthorized, "", "Invalid username or password.")
}

// signature is how the account signs commits and tags now.
func (a *account) signature() object.Signature {
	return object.Signature{Name: a.name, Email: a.email(), When: time.Now().UTC()}
}

// email is what the account's commits are signed with.
func (a *account) email() string { return a.name + "@users.noreply.huggingface.co" }
