package hub

import (
	"context"
	"iter"
	"net/url"
	"regexp"
	"strings"
)

// Role is what a user may do in an organisation.
type Role string

// The roles. The Hub shows the role of members to other members only.
const (
	RoleNone        Role = ""          // no member
	RoleUnknown     Role = "unknown"   // a member whose role the token may not see
	RoleNoAccess    Role = "no_access" // a member without access to the organisation's repositories
	RoleRead        Role = "read"
	RoleContributor Role = "contributor" // writes to what they made themselves
	RoleWrite       Role = "write"
	RoleAdmin       Role = "admin" // also the owner of a user's own namespace
)

// CanWrite tells whether the role is certain to allow writes to all repositories.
func (r Role) CanWrite() bool { return r == RoleWrite || r == RoleAdmin }

// Organization is an organisation as everyone can see it.
type Organization struct {
	ID       string `json:"_id"`
	Name     string `json:"name"`
	FullName string `json:"fullname"`
	Plan     string `json:"plan"` // team, enterprise, …; often empty
	NumUsers int    `json:"numUsers"`
	IsMember bool   `json:"isMember"` // the token's owner is one
}

// Organization reads an organisation.
//
// GET /api/organizations/{name}/overview
func (c *Client) Organization(ctx context.Context, name string) (*Organization, error) {
	organization := &Organization{}
	if err := c.getJSON(ctx, organizationPath(name)+"/overview", nil, organization); err != nil {
		return nil, err
	}
	return organization, nil
}

// Member is a user in an organisation.
type Member struct {
	ID       string
	Name     string
	FullName string
	Role     Role // RoleUnknown when the token may not see it
}

type wireMember struct {
	ID       string `json:"_id"`
	Name     string `json:"user"`
	FullName string `json:"fullname"`
	Role     Role   `json:"role"`
}

func (w wireMember) member() Member {
	if w.Role == "" {
		w.Role = RoleUnknown
	}
	return Member(w)
}

// Members lists the members of an organisation. Search, which may be empty, is a part of a name.
//
// GET /api/organizations/{name}/members
func (c *Client) Members(ctx context.Context, organization, search string) iter.Seq2[Member, error] {
	query := url.Values{}
	if search != "" {
		query.Set("search", search)
	}
	first := c.get(organizationPath(organization)+"/members", query)
	return convert(list[wireMember](ctx, c, first), wireMember.member)
}

// RoleIn finds the role of a user, given by name or id, in a namespace, which may be an organisation or a user:
// [RoleAdmin] in the user's own, [RoleNone] in another user's and for those who are no members, [RoleUnknown] when the
// token may not see the role.
func (c *Client) RoleIn(ctx context.Context, namespace, user string) (Role, error) {
	if objectID.MatchString(user) { // names never look like this
		found, err := c.User(ctx, user)
		if err != nil {
			return RoleNone, err
		}
		user = found.Name
	}
	if strings.EqualFold(namespace, user) {
		return RoleAdmin, nil
	}
	for member, err := range c.Members(ctx, namespace, user) {
		if IsNotFound(err) {
			return RoleNone, nil // a user's namespace has no members
		}
		if err != nil {
			return RoleNone, err
		}
		if strings.EqualFold(member.Name, user) {
			return member.Role, nil
		}
	}
	return RoleNone, nil
}

// objectID is the form of the Hub's own ids.
var objectID = regexp.MustCompile(`^[0-9a-f]{24}$`)

func organizationPath(name string) string { return "/api/organizations/" + escapeSegment(name) }
