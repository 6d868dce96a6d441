package emulator

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// identityRoutes answer who a token or a user is (https://huggingface.co/docs/hub/api).
func (s *Server) identityRoutes(e *echo.Echo) {
	e.GET("/api/whoami-v2", s.whoAmI)
	e.GET("/api/users/:user/overview", s.userOverview)
}

func (s *Server) whoAmI(c echo.Context) error {
	who, err := s.requireCaller(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{
		"type": "user", "id": who.id, "name": who.name, "fullname": who.name,
		"email": who.email(), "emailVerified": true, "isPro": true, "canPay": true,
		"avatarUrl": s.avatarURL(who), "orgs": []any{},
		"auth": map[string]any{
			"type": "access_token",
			"accessToken": map[string]any{
				"displayName": "local", "role": "write", "createdAt": timestamp(who.createdAt),
			},
		},
	})
}

// userOverview takes a name or an id: an id never looks like a name.
func (s *Server) userOverview(c echo.Context) error {
	name := param(c, "user")
	who := s.accounts.named(name)
	if objectID.MatchString(name) {
		who = s.accounts.withID(name)
	}
	if who == nil {
		return fail(c, http.StatusNotFound, "", "This user does not exist")
	}
	return c.JSON(http.StatusOK, map[string]any{
		"_id": who.id, "user": who.name, "fullname": who.name, "avatarUrl": s.avatarURL(who),
		"isPro": true, "type": "user", "orgs": []any{}, "createdAt": timestamp(who.createdAt),
	})
}

func (s *Server) avatarURL(who *account) string {
	return s.URL() + "/avatars/" + who.id + ".svg"
}

// timestamp is a time as the Hub writes it: UTC with milliseconds.
func timestamp(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
