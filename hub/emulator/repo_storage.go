package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// storageRoutes list what takes an account's storage (https://huggingface.co/.well-known/openapi.json).
func (s *Server) storageRoutes(e *echo.Echo) {
	e.GET("/api/settings/repositories", func(c echo.Context) error {
		who, err := s.requireCaller(c)
		if err != nil {
			return err
		}
		return s.listStorage(c, who)
	})
	e.GET("/api/organizations/:org/settings/repositories", s.withOrg(func(c echo.Context, org *account) error {
		who, err := s.requireCaller(c)
		if err != nil {
			return err
		}
		if role := org.roleOf(who); role == "" || role == roleNoAccess {
			return fail(c, http.StatusForbidden, "", "You are no member of this organization")
		}
		return s.listStorage(c, org)
	}))
}

// storedRepo is a repository with the room it takes.
type storedRepo struct {
	ID         string       `json:"id"`
	Type       hub.RepoType `json:"type"`
	UpdatedAt  string       `json:"updatedAt"`
	Visibility string       `json:"visibility"`
	Storage    int64        `json:"storage"`
	Percent    float64      `json:"storagePercent"`
}

func (s *Server) listStorage(c echo.Context, owner *account) error {
	list, total := []storedRepo{}, int64(0)
	for _, r := range s.repos.everything() {
		state := r.state()
		if state.owner != owner {
			continue
		}
		each := storedRepo{
			ID: state.name, Type: r.typ, UpdatedAt: timestamp(state.updatedAt), Visibility: "public", Storage: r.usedStorage(),
		}
		if state.private {
			each.Visibility = "private"
		}
		total += each.Storage
		list = append(list, each)
	}
	for i := range list {
		list[i].Percent = 100 * float64(list[i].Storage) / float64(max(total, 1))
	}
	search, typ := strings.ToLower(c.QueryParam("search")), c.QueryParam("type")
	list = slices.DeleteFunc(list, func(each storedRepo) bool {
		return typ != "" && string(each.Type) != typ || !strings.Contains(strings.ToLower(each.ID), search)
	})
	slices.SortFunc(list, func(a, b storedRepo) int {
		order := cmp.Compare(b.Storage, a.Storage)
		if c.QueryParam("sort") == "updatedAt" {
			order = cmp.Compare(b.UpdatedAt, a.UpdatedAt)
		}
		if c.QueryParam("direction") == "asc" {
			order = -order
		}
		return cmp.Or(order, cmp.Compare(a.ID, b.ID), cmp.Compare(a.Type, b.Type))
	})
	from, to := page(c, len(list), number(c, "limit", 1000, 1, 1000))
	s.linkNext(c, to, len(list))
	return c.JSON(http.StatusOK, list[from:to])
}
