package emulator

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

// registerApp lets an app register itself (RFC 7591).
func (s *Server) registerApp(c echo.Context) error {
	var in struct {
		RedirectURIs []string `json:"redirect_uris"`
		Name         string   `json:"client_name"`
		Scope        string   `json:"scope"`
		Method       string   `json:"token_endpoint_auth_method"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	const most = 20
	if len(in.RedirectURIs) > most || len(in.Name) > 200 {
		return oauthFailure(c, http.StatusBadRequest, "invalid_client_metadata", "too many redirect_uris or a long client_name")
	}
	for _, uri := range in.RedirectURIs {
		if !redirectable(uri) {
			return oauthFailure(c, http.StatusBadRequest, "invalid_redirect_uri", uri+" is no http or https address")
		}
	}
	app := OAuthApp{ID: uuid.NewString(), RedirectURIs: in.RedirectURIs, Name: in.Name}
	now := time.Now().Unix()
	answer := map[string]any{
		"client_id": app.ID, "client_id_issued_at": now, "client_secret_expires_at": 0,
		"redirect_uris": append([]string{}, in.RedirectURIs...), "scope": strings.Join(knownScopes(in.Scope), " "),
		"grant_types": []string{"authorization_code", "refresh_token", deviceGrantType},
	}
	if in.Method == "" {
		in.Method = "client_secret_basic"
	}
	if in.Method != "none" {
		app.Secret = "oauth_app_secret_" + rand.Text()
		answer["client_secret"] = app.Secret
	}
	answer["token_endpoint_auth_method"] = in.Method
	if in.Name != "" {
		answer["client_name"] = in.Name
	}
	if !s.sso.addApp(app) {
		return oauthFailure(c, http.StatusTooManyRequests, "invalid_client_metadata", "too many apps are registered")
	}
	s.unsaved.put(bucketApps, app.ID, func() any { return app })
	return c.JSON(http.StatusCreated, answer)
}
