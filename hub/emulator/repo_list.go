package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// listFields are what a list tells of each repository, and what full=true adds to it. Anything more is asked for by
// expand.
var (
	listFields = []string{
		"modelId", "likes", "trendingScore", "private", "downloads", "tags", "pipeline_tag", "library_name", "createdAt",
		"sdk",
	}
	fullFields = []string{"author", "lastModified", "sha", "gated", "disabled", "description", "key"}
)

// shownFields are those that the request wants of each repository of a list.
func shownFields(c echo.Context, typ hub.RepoType) ([]string, error) {
	if fields := asked(c, "expand"); len(fields) > 0 {
		return fields, checkExpand(c, typ, fields)
	}
	fields := listFields
	if flag(c, "full") || typ != hub.Model {
		fields = slices.Concat(listFields, fullFields)
	}
	for field, wanted := range map[string]bool{
		"siblings": flag(c, "full"),
		"cardData": flag(c, "cardData") || flag(c, "full") && typ != hub.Model,
		"config":   flag(c, "config"),
		"models":   flag(c, "linked"),
		"datasets": flag(c, "linked"),
	} {
		if wanted {
			fields = append(slices.Clone(fields), field)
		}
	}
	return fields, nil
}

// listRepos answers GET /api/{type}s: those the caller may see, newest first unless sort says otherwise.
func (s *Server) listRepos(c echo.Context) error {
	typ := hub.RepoType(strings.TrimSuffix(param(c, "type"), "s"))
	if _, known := webPrefixes[typ]; !known || !strings.HasSuffix(param(c, "type"), "s") {
		return fail(c, http.StatusNotFound, "", "Not Found")
	}
	fields, err := shownFields(c, typ)
	if err != nil {
		return err
	}
	filter, err := readRepoFilter(c, typ)
	if err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	who := s.reader(c)
	found := slices.DeleteFunc(s.repos.all(typ), func(r *repo) bool {
		state := r.state()
		return !state.readableBy(who) || !filter.acceptsState(state) || !filter.acceptsContent(r)
	})
	sortRepos(found, c.QueryParam("sort"), c.QueryParam("direction"))
	const most = 1000
	from, to := page(c, len(found), number(c, "limit", most, 1, most))
	list := make([]map[string]any, 0, to-from)
	for _, r := range found[from:to] {
		head, _ := r.head(mainBranch)
		info, err := s.describe(r, head, false)
		if err != nil {
			return err
		}
		list = append(list, only(info, fields))
	}
	s.linkNext(c, to, len(found))
	return c.JSON(http.StatusOK, list)
}

// sortRepos sorts the newest first, or by what is asked for. Likes and downloads are the same for all, as nobody counts
// them here.
func sortRepos(list []*repo, by, direction string) {
	slices.SortFunc(list, func(a, b *repo) int {
		order := b.createdAt.Compare(a.createdAt)
		switch by {
		case "lastModified", "last_modified":
			order = cmp.Or(b.state().updatedAt.Compare(a.state().updatedAt), order)
		case "id":
			order = strings.Compare(a.ref().Name, b.ref().Name)
		}
		if direction == "1" {
			return -order
		}
		return order
	})
}
