package emulator

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// identityRoutes answer who a token or a user is (https://huggingface.co/docs/hub/api).
func (s *Server) identityRoutes(e *echo.Echo) {
	e.GET("/api/whoami-v2", s.whoAmI)
	e.GET("/api/users/:user/overview", s.withUser(s.userOverview))
	e.GET("/api/users/:user/followers", s.withUser(emptyList))
	e.GET("/api/users/:user/following", s.withUser(emptyList))
	e.GET("/avatars/:file", s.avatar)
}

func (s *Server) whoAmI(c echo.Context) error {
	who, err := s.requireCaller(c)
	if err != nil {
		return err
	}
	orgs := []map[string]any{}
	for _, each := range s.accounts.orgsOf(who) {
		orgs = append(orgs, map[string]any{
			"type": "org", "id": each.org.id, "name": each.org.name, "fullname": each.org.name, "email": nil,
			"canPay": true, "periodEnd": nil, "plan": "team", "avatarUrl": s.avatarURL(each.org), "roleInOrg": each.role,
		})
	}
	return c.JSON(http.StatusOK, map[string]any{
		"type": "user", "id": who.id, "name": who.name, "fullname": who.name,
		"email": who.email(), "emailVerified": true, "isPro": true, "canPay": true, "periodEnd": nil,
		"avatarUrl": s.avatarURL(who), "orgs": orgs, "auth": s.credential(c).view(),
	})
}

// permissionNames are how whoami calls what a scope allows
// (https://huggingface.co/docs/hub/security-tokens#what-are-user-access-tokens).
var permissionNames = map[permission]string{
	mayReadRepos: hub.PermissionRead, mayWriteRepos: hub.PermissionWrite, mayDiscuss: hub.PermissionDiscussion,
	mayHook: hub.PermissionWebhooks, mayRunJobs: "job.write",
}

// permissionsOf names what scopes allow; those without a name of the Hub's keep their own.
func permissionsOf(scopes []string) []string {
	names := []string{}
	for _, scope := range scopes {
		names = append(names, cmp.Or(permissionNames[permission(scope)], scope))
	}
	return names
}

// view is how whoami tells what the caller logged in with.
func (c *credential) view() map[string]any {
	view := map[string]any{"type": "oauth"}
	if c.role != "" {
		token := map[string]any{"displayName": "local", "role": c.role, "createdAt": timestamp(c.createdAt)}
		if c.role == "fineGrained" {
			scoped := map[string]any{
				"entity":      map[string]any{"_id": c.who.id, "type": "user", "name": c.who.name},
				"permissions": permissionsOf(c.scopes),
			}
			token["fineGrained"] = map[string]any{"scoped": []any{scoped}}
		}
		view = map[string]any{"type": "access_token", "accessToken": token}
	}
	if !c.expires.IsZero() {
		view["expiresAt"] = timestamp(c.expires)
	}
	return view
}

// viewUser renders a user as lists show one.
func (s *Server) viewUser(who *account) map[string]any {
	return map[string]any{
		"_id": who.id, "user": who.name, "fullname": who.name, "avatarUrl": s.avatarURL(who), "isPro": true, "type": "user",
	}
}

// withUser takes a name or an id: an id never looks like a name.
func (s *Server) withUser(handle func(echo.Context, *account) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		name := param(c, "user")
		who := s.accounts.named(name)
		if objectID.MatchString(name) {
			who = s.accounts.withID(name)
		}
		if who == nil || who.org {
			return fail(c, http.StatusNotFound, "", "This user does not exist")
		}
		return handle(c, who)
	}
}

func (s *Server) userOverview(c echo.Context, who *account) error {
	orgs := []map[string]any{}
	for _, each := range s.accounts.orgsOf(who) {
		orgs = append(orgs, map[string]any{
			"id": each.org.id, "name": each.org.name, "fullname": each.org.name, "avatarUrl": s.avatarURL(each.org),
		})
	}
	counts := s.countRepos(who, s.reader(c))
	view := s.viewUser(who)
	maps.Copy(view, map[string]any{
		"orgs": orgs, "createdAt": timestamp(who.createdAt),
		"numModels": counts.models, "numDatasets": counts.datasets, "numSpaces": counts.spaces,
		"numLikes": len(s.likesOf(who, s.reader(c))), "numDiscussions": 0, "numPapers": 0, "numUpvotes": 0,
		"numFollowing": 0, "numFollowers": 0,
	})
	return c.JSON(http.StatusOK, view)
}

func (s *Server) avatarURL(who *account) string {
	return s.URL() + "/avatars/" + who.id + ".svg"
}

// avatar draws an account's picture: its initial on a colour of its own.
func (s *Server) avatar(c echo.Context) error {
	who := s.accounts.withID(strings.TrimSuffix(param(c, "file"), ".svg"))
	if who == nil {
		return fail(c, http.StatusNotFound, "", "This account does not exist")
	}
	hash := fnv.New32()
	_, _ = hash.Write([]byte(who.id)) // never fails
	picture := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">`+
		`<rect width="64" height="64" rx="32" fill="hsl(%d 55%% 45%%)"/><text x="32" y="43" font-family="sans-serif" `+
		`font-size="32" fill="#fff" text-anchor="middle">%s</text></svg>`, hash.Sum32()%360, strings.ToUpper(who.name[:1]))
	return c.Blob(http.StatusOK, "image/svg+xml", []byte(picture))
}

// timestamp is a time as the Hub writes it: UTC with milliseconds.
func timestamp(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
