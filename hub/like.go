package hub

import (
	"context"
	"iter"
	"time"
)

// Like is a repository that a user likes.
type Like struct {
	Repo RepoRef
	At   time.Time
}

type wireLike struct {
	At   wireTime `json:"createdAt"`
	Repo struct {
		Name string   `json:"name"`
		Type RepoType `json:"type"`
	} `json:"repo"`
}

func (w wireLike) like() Like { return Like{RepoRef{w.Repo.Type, w.Repo.Name}, w.At.Time} }

// Likes lists the public repositories that a user likes, the newest like first.
//
// GET /api/users/{user}/likes
func (c *Client) Likes(ctx context.Context, user string) iter.Seq2[Like, error] {
	return convert(list[wireLike](ctx, c, c.get("/api/users/"+escapeSegment(user)+"/likes", nil)), wireLike.like)
}

// Likers lists who likes a repository.
//
// GET /api/{type}s/{name}/likers
func (c *Client) Likers(ctx context.Context, repo RepoRef) iter.Seq2[User, error] {
	return list[User](ctx, c, c.get(repo.APIPath()+"/likers", nil))
}
