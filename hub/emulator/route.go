package emulator

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// webPrefixes are where the pages and git remotes of each kind of repository begin.
var webPrefixes = map[hub.RepoType]string{hub.Model: "", hub.Dataset: "/datasets", hub.Space: "/spaces"}

const (
	apiRepo   = "/api/:type/:ns/:name"
	typeKey   = "repo type"
	bodyLimit = 64 << 20 // of a JSON or NDJSON request
)

func (s *Server) routes() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.answerError
	e.Use(standardHeaders, s.guardHost, s.saveBeforeAnswer, s.authenticate, s.faultMiddleware)
	s.identityRoutes(e)
	s.faultRoutes(e)
	s.orgRoutes(e)
	s.oauthRoutes(e)
	s.spaceRoutes(e)
	s.pageRoutes(e)
	s.accessRoutes(e)
	s.jobRoutes(e)
	s.upkeepRoutes(e)
	s.likeRoutes(e)
	s.lfsFileRoutes(e)
	s.scheduleRoutes(e)
	s.collectionRoutes(e)
	s.storageRoutes(e)
	s.repoRoutes(e)
	s.contentRoutes(e)
	s.refRoutes(e)
	s.commitRoutes(e)
	s.discussionRoutes(e)
	s.webhookRoutes(e)
	s.transferRoutes(e)
	for typ, prefix := range webPrefixes {
		web := e.Group(prefix+"/:ns/:name", func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				c.Set(typeKey, typ)
				return next(c)
			}
		})
		s.fileRoutes(web)
		s.gitRoutes(web)
		s.lfsRoutes(web)
		s.repoPages(web)
		web.POST("/ask-access", s.askAccess)
	}
	return e
}

// repoPath is a path that is about a repository: of the API, or of a file.
var repoPath = regexp.MustCompile(`^/api/(?:models|datasets|spaces)/[^/]+(?:/[^/]+)?|^/(?:[^/]+/){1,3}resolve/`)

// noRoute answers a path that leads nowhere. Where it is about a repository with a name in one part, as the first ones
// on the Hub had, that is what is missing.
func (s *Server) noRoute(c echo.Context) error {
	path := c.Request().URL.Path
	if about := repoPath.FindString(path); about != "" {
		parts := strings.Split(about, "/")
		ref := hub.RepoRef{Type: hub.RepoType(strings.TrimSuffix(parts[min(2, len(parts)-1)], "s"))}
		if len(parts) == 5 {
			ref.Name = parts[3] + "/" + parts[4]
		}
		if found, _ := s.repos.find(ref); found == nil {
			return s.hidden(c, s.caller(c))
		}
	}
	return fail(c, http.StatusNotFound, "", "Sorry, we can't find the page you are looking for.")
}

// param is a path parameter without its URL escapes.
func param(c echo.Context, name string) string {
	value := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return value // the path had no escapes left to undo
	}
	if plain, err := url.PathUnescape(value); err == nil {
		return plain
	}
	return value
}

// requestedRepo is the repository that the path names.
func requestedRepo(c echo.Context) hub.RepoRef {
	name := param(c, "ns") + "/" + strings.TrimSuffix(param(c, "name"), ".git")
	if typ, ok := c.Get(typeKey).(hub.RepoType); ok {
		return hub.RepoRef{Type: typ, Name: name}
	}
	return hub.RepoRef{Type: hub.RepoType(strings.TrimSuffix(param(c, "type"), "s")), Name: name}
}

// repoFor finds the repository that the path names, for a caller who may read it, or with write may change it. Who may
// not read it learns no more than that nothing is there: anonymous callers are asked to log in either way.
func (s *Server) repoFor(c echo.Context, write bool) (*repo, *account, error) {
	who, ref := s.caller(c), requestedRepo(c)
	found, moved := s.repos.find(ref)
	if found == nil || !found.state().readableBy(s.reader(c)) {
		return nil, nil, s.hidden(c, who)
	}
	state := found.state()
	switch {
	case moved:
		return nil, nil, redirectMoved(c, ref.Name, state.name)
	case s.hooks.faults.disables(found.ref()):
		return nil, nil, fail(c, http.StatusForbidden, "", "Access to this resource is disabled.")
	case write && who == nil:
		return nil, nil, fail(c, http.StatusUnauthorized, "", "Invalid username or password.")
	case write && !state.writableBy(who):
		return nil, nil, fail(c, http.StatusForbidden, "",
			"You don't have the required permissions to write to this repository.")
	case write:
		_, err := s.require(c, mayWriteRepos)
		return found, who, err
	}
	return found, who, nil
}

// hidden is the answer for a repository that is missing or private.
func (s *Server) hidden(c echo.Context, who *account) error {
	if who == nil {
		return fail(c, http.StatusUnauthorized, codeRepoNotFound, "Invalid username or password.")
	}
	return fail(c, http.StatusNotFound, codeRepoNotFound, "Repository not found")
}

// redirectMoved sends the caller to the same place under the new name. The Location is relative, so that clients keep
// their credentials.
func redirectMoved(c echo.Context, from, to string) error {
	location := strings.Replace(c.Request().URL.EscapedPath(), "/"+from, "/"+to, 1)
	if query := c.Request().URL.RawQuery; query != "" {
		location += "?" + query
	}
	if err := c.Redirect(http.StatusTemporaryRedirect, location); err != nil {
		return err
	}
	return errAnswered
}
