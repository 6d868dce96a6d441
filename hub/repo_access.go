package hub

import "context"

// Access is what a token may do with a repository.
type Access string

// The accesses that [Client.CheckAccess] can ask for.
const (
	AccessRead  Access = "read"
	AccessWrite Access = "write"
)

// CheckAccess asks whether the token may read or write a repository: nil when it may, else an error for which one of
// [IsNotFound], [IsForbidden] and [IsGated] is true. It is the cheapest way to ask.
//
// GET /api/{type}s/{name}/auth-check[/write]
func (c *Client) CheckAccess(ctx context.Context, repo RepoRef, access Access) error {
	path := repo.APIPath() + "/auth-check"
	if access == AccessWrite {
		path += "/write"
	}
	return c.getJSON(ctx, path, nil, nil)
}

// RepoExists tells whether the token can see a repository. A private one of somebody else does not exist, as it were.
func (c *Client) RepoExists(ctx context.Context, repo RepoRef) (bool, error) {
	switch err := c.CheckAccess(ctx, repo, AccessRead); {
	case err == nil, IsGated(err):
		return true, nil
	case IsNotFound(err):
		return false, nil
	default:
		return false, err
	}
}
