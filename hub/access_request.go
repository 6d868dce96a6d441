package hub

import (
	"context"
	"iter"
	"time"
)

// RequestStatus is what became of a request for access.
type RequestStatus string

// The states of a request for access.
const (
	RequestPending  RequestStatus = "pending"
	RequestAccepted RequestStatus = "accepted"
	RequestRejected RequestStatus = "rejected"
)

// AccessRequest is a user's request for access to a gated repository
// (https://huggingface.co/docs/hub/models-gated).
type AccessRequest struct {
	UserID      string
	User        string // name
	FullName    string
	Email       string // empty when the user did not share it
	Status      RequestStatus
	RequestedAt time.Time
	ReviewedAt  time.Time      // zero: not yet, or unknown
	Fields      map[string]any // what the user filled in of the form that the repository's card describes
}

type wireAccessRequest struct {
	User struct {
		ID       string `json:"_id"`
		Name     string `json:"user"`
		FullName string `json:"fullname"`
		Email    string `json:"email"`
	} `json:"user"`
	Status      RequestStatus `json:"status"`
	RequestedAt wireTime      `json:"timestamp"`
	ReviewedAt  wireTime      `json:"reviewedAt"`
	Fields      wireObject    `json:"fields"`
}

func (w wireAccessRequest) request() AccessRequest {
	return AccessRequest{
		UserID: w.User.ID, User: w.User.Name, FullName: w.User.FullName, Email: w.User.Email, Status: w.Status,
		RequestedAt: w.RequestedAt.Time, ReviewedAt: w.ReviewedAt.Time, Fields: w.Fields,
	}
}

// AccessRequests lists the requests for access to a gated repository that are in one state.
//
// GET /api/{type}s/{name}/user-access-request/{status}
func (c *Client) AccessRequests(ctx context.Context, repo RepoRef, status RequestStatus) iter.Seq2[AccessRequest, error] {
	first := c.get(accessPath(repo, string(status)), nil)
	return convert(list[wireAccessRequest](ctx, c, first), wireAccessRequest.request)
}

// DecideAccess accepts, rejects or reopens the request of a user, given by name or id. The reason is told to the user, has
// at most 200 characters and may be empty. A user who did not ask is an error for which [IsNotFound] is true, see
// [Client.GrantAccess].
//
// POST /api/{type}s/{name}/user-access-request/handle
func (c *Client) DecideAccess(ctx context.Context, repo RepoRef, user string, status RequestStatus, reason string) error {
	in := struct {
		namedUser
		Status RequestStatus `json:"status"`
		Reason string        `json:"rejectionReason,omitempty"`
	}{nameUser(user), status, reason}
	return c.postJSON(ctx, accessPath(repo, "handle"), in, nil)
}

// GrantAccess gives a user, given by name or id, access to a gated repository without having been asked.
//
// POST /api/{type}s/{name}/user-access-request/grant
func (c *Client) GrantAccess(ctx context.Context, repo RepoRef, user string) error {
	return c.postJSON(ctx, accessPath(repo, "grant"), nameUser(user), nil)
}

func accessPath(repo RepoRef, what string) string {
	return repo.APIPath() + "/user-access-request/" + escapeSegment(what)
}

// namedUser names a user in one of two ways.
type namedUser struct {
	ID   string `json:"userId,omitempty"`
	Name string `json:"user,omitempty"`
}

func nameUser(nameOrID string) namedUser {
	if objectID.MatchString(nameOrID) {
		return namedUser{ID: nameOrID}
	}
	return namedUser{Name: nameOrID}
}
