package emulator

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
)

// userInfo tells an app who its user is. Only a token of an OAuth app is good here, as on the Hub.
func (s *Server) userInfo(c echo.Context) error {
	who, err := s.requireCaller(c)
	if err != nil {
		return err
	}
	token := s.credential(c)
	if token.role != "" {
		return fail(c, http.StatusForbidden, "", "Only tokens of OAuth apps are good for this call")
	}
	return c.JSON(http.StatusOK, s.userClaims(who, token.scopes))
}

// userClaims is what the scopes let an app know about a user.
func (s *Server) userClaims(who *account, scopes []string) map[string]any {
	orgs := []map[string]any{}
	for _, each := range s.accounts.orgsOf(who) {
		orgs = append(orgs, map[string]any{
			"sub": each.org.id, "name": each.org.name, "preferred_username": each.org.name,
			"picture": s.avatarURL(each.org), "plan": "team", "canPay": true, "roleInOrg": each.role,
		})
	}
	claims := map[string]any{"sub": who.id, "isPro": true, "orgs": orgs}
	if slices.Contains(scopes, "profile") {
		claims["name"], claims["preferred_username"] = who.name, who.name
		claims["profile"], claims["picture"] = s.URL()+"/"+who.name, s.avatarURL(who)
	}
	if slices.Contains(scopes, "email") {
		claims["email"], claims["email_verified"] = who.email(), true
	}
	if slices.Contains(scopes, "read-billing") {
		claims["canPay"] = true
	}
	return claims
}
