package hub

import (
	"context"
	"iter"
	"net/url"
	"strconv"
)

// RepoFilter says which repositories are listed, and in which order. Empty fields let all through.
type RepoFilter struct {
	Author string   // user or organisation
	Search string   // a part of the name
	Tags   []string // all of them, such as "license:mit"
	Sort   string   // createdAt, lastModified, likes, downloads or trendingScore; the highest first
	Limit  int      // of a page, not of the list; 0 leaves it to the Hub
}

// Repos lists repositories of a kind. Entries hold no files and no front matter.
//
// GET /api/{type}s
func (c *Client) Repos(ctx context.Context, kind RepoType, filter RepoFilter) iter.Seq2[RepoInfo, error] {
	query := url.Values{}
	for name, value := range map[string]string{"author": filter.Author, "search": filter.Search, "sort": filter.Sort} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(filter.Tags) > 0 {
		query["filter"] = filter.Tags
	}
	if filter.Limit > 0 {
		query.Set("limit", strconv.Itoa(filter.Limit))
	}
	first := c.get("/api/"+url.PathEscape(string(kind))+"s", query)
	return convert(list[wireRepoInfo](ctx, c, first), func(in wireRepoInfo) RepoInfo { return *in.info() })
}
