package emulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// Org is an organisation and its members.
type Org struct {
	Name string
	// Members maps the names of users to their role: admin, write, contributor, read or no_access
	// (https://huggingface.co/docs/hub/organizations-security).
	Members map[string]string
}

// member is a user's place in an organisation.
type member struct {
	user *account
	role string
}

// Roles in an organisation, from the highest.
const (
	roleAdmin       = "admin"
	roleWrite       = "write"
	roleContributor = "contributor" // creates repositories and writes to those only
	roleRead        = "read"
	roleNoAccess    = "no_access"
)

var orgRoles = []string{roleAdmin, roleWrite, roleContributor, roleRead, roleNoAccess}

func (a accounts) newOrg(org Org) (*account, error) {
	if err := a.checkName(org.Name); err != nil {
		return nil, err
	}
	made := &account{id: newID(), name: org.Name, org: true, createdAt: time.Now()}
	for _, name := range slices.Sorted(maps.Keys(org.Members)) {
		user, role := a.named(name), org.Members[name]
		switch {
		case user == nil || user.org:
			return nil, fmt.Errorf("its member %q is no user here", name)
		case !slices.Contains(orgRoles, role):
			return nil, fmt.Errorf("the role %q of %q is none of %s", role, name, strings.Join(orgRoles, ", "))
		}
		made.members = append(made.members, member{user, role})
	}
	return made, nil
}

// roleOf is what who (nil: anonymous) is to this account: a user is admin of what is its own, and empty is a stranger.
func (a *account) roleOf(who *account) string {
	if a == who {
		return roleAdmin
	}
	for _, each := range a.members {
		if each.user == who {
			return each.role
		}
	}
	return ""
}

// membership is an organisation that a user belongs to.
type membership struct {
	org  *account
	role string
}

// orgsOf lists the organisations of a user.
func (a accounts) orgsOf(who *account) []membership {
	var list []membership
	for _, each := range a {
		if role := each.roleOf(who); each.org && role != "" {
			list = append(list, membership{each, role})
		}
	}
	return list
}

// orgRoutes tell about organisations (https://huggingface.co/docs/hub/api).
func (s *Server) orgRoutes(e *echo.Echo) {
	e.GET("/api/organizations/:org/overview", s.withOrg(s.orgOverview))
	e.GET("/api/organizations/:org/members", s.withOrg(s.orgMembers))
	e.GET("/api/organizations/:org/followers", s.withOrg(emptyList))
}

func (s *Server) withOrg(handle func(echo.Context, *account) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		org := s.accounts.named(param(c, "org"))
		if org == nil || !org.org {
			return fail(c, http.StatusNotFound, "", "This organization does not exist")
		}
		return handle(c, org)
	}
}

func emptyList(c echo.Context, _ *account) error { return c.JSON(http.StatusOK, []any{}) }

func (s *Server) orgOverview(c echo.Context, org *account) error {
	counts := s.countRepos(org, s.caller(c))
	return c.JSON(http.StatusOK, map[string]any{
		"_id": org.id, "name": org.name, "fullname": org.name, "avatarUrl": s.avatarURL(org), "type": "org",
		"isVerified": false, "plan": "team", "numUsers": len(org.members), "numFollowers": 0, "numPapers": 0,
		"numModels": counts.models, "numDatasets": counts.datasets, "numSpaces": counts.spaces,
		"createdAt": timestamp(org.createdAt),
	})
}

// orgMembers lists the members; their roles are for members only.
func (s *Server) orgMembers(c echo.Context, org *account) error {
	const most = 10_000
	inside := org.roleOf(s.caller(c)) != ""
	search := strings.ToLower(c.QueryParam("search"))
	list := []map[string]any{}
	for _, each := range org.members {
		if !strings.Contains(strings.ToLower(each.user.name), search) {
			continue
		}
		view := s.viewUser(each.user)
		if inside {
			view["role"] = each.role
		}
		list = append(list, view)
	}
	from, to := page(c, len(list), number(c, "limit", 500, 10, most))
	s.linkNext(c, to, len(list))
	return c.JSON(http.StatusOK, list[from:to])
}
