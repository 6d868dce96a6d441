package emulator

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// like is a user's like of a repository.
type like struct {
	user *account
	at   time.Time
}

type likeRecord struct {
	User string    `json:"user"`
	At   time.Time `json:"at"`
}

// likeRoutes like repositories and list who likes what (huggingface_hub, hf_api.py, unlike, list_liked_repos).
func (s *Server) likeRoutes(e *echo.Echo) {
	e.POST(apiRepo+"/like", s.setLike(true))
	e.DELETE(apiRepo+"/like", s.setLike(false))
	e.GET(apiRepo+"/likers", s.likers)
	e.GET("/api/users/:user/likes", s.withUser(s.likedRepos))
}

// likedBy lists who likes the repository, the newest like first.
func (r *repo) likedBy() []like {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.likes)
}

func (r *repo) likeRecords() (records []likeRecord) {
	for _, each := range r.likedBy() {
		records = append(records, likeRecord{each.user.id, each.at})
	}
	return records
}

func (s *Server) setLike(liked bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, _, err := s.repoFor(c, false)
		if err != nil {
			return err
		}
		who, err := s.requireCaller(c)
		if err != nil {
			return err
		}
		r.setLike(who, liked)
		return c.NoContent(http.StatusOK)
	}
}

func (r *repo) setLike(who *account, liked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.likes = slices.DeleteFunc(r.likes, func(each like) bool { return each.user == who })
	if liked {
		r.likes = slices.Insert(r.likes, 0, like{who, time.Now()})
	}
	r.changed.Store(true)
}

func (s *Server) likers(c echo.Context) error {
	r, _, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	list := []map[string]any{}
	for _, each := range r.likedBy() {
		list = append(list, s.viewUser(each.user))
	}
	from, to := page(c, len(list), number(c, "limit", 1000, 1, 1000))
	s.linkNext(c, to, len(list))
	return c.JSON(http.StatusOK, list[from:to])
}

// likedRepo is a repository that a user likes.
type likedRepo struct {
	ref hub.RepoRef
	at  time.Time
}

// likesOf lists what a user likes, as far as viewer may see it, the newest like first.
func (s *Server) likesOf(who, viewer *account) (list []likedRepo) {
	for _, r := range s.repos.everything() {
		if !r.state().readableBy(viewer) {
			continue
		}
		for _, each := range r.likedBy() {
			if each.user == who {
				list = append(list, likedRepo{r.ref(), each.at})
			}
		}
	}
	slices.SortFunc(list, func(a, b likedRepo) int { return b.at.Compare(a.at) })
	return list
}

func (s *Server) likedRepos(c echo.Context, who *account) error {
	list := []map[string]any{}
	for _, each := range s.likesOf(who, s.reader(c)) {
		list = append(list, map[string]any{
			"createdAt": timestamp(each.at), "repo": map[string]any{"name": each.ref.Name, "type": each.ref.Type},
		})
	}
	from, to := page(c, len(list), number(c, "limit", 1000, 1, 1000))
	s.linkNext(c, to, len(list))
	return c.JSON(http.StatusOK, list[from:to])
}
