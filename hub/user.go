package hub

import (
	"context"
	"time"
)

// Identity is the owner of a token, or an organisation of its owner.
type Identity struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	FullName string     `json:"fullname"`
	Type     string     `json:"type"` // user, org or app
	IsPro    bool       `json:"isPro"`
	Plan     string     `json:"plan,omitempty"` // of organisations: team, enterprise, …; often empty
	Orgs     []Identity `json:"orgs"`
	Role     string     `json:"roleInOrg,omitempty"` // of organisations, see Role
	Auth     struct {
		Type        string    `json:"type"` // access_token, app_token, …
		ExpiresAt   time.Time `json:"-"`    // zero: never, or unknown
		AccessToken TokenInfo `json:"accessToken"`
	} `json:"auth"`
}

// TokenInfo is what the Hub says of a token.
type TokenInfo struct {
	DisplayName string       `json:"displayName"`
	Role        string       `json:"role"` // TokenRead, …
	FineGrained *FineGrained `json:"fineGrained,omitempty"`
}

// Roles of a token.
const (
	TokenRead        = "read"
	TokenWrite       = "write"
	TokenFineGrained = "fineGrained" // TokenInfo.FineGrained says what it may do
)

// identityCache keeps the answer of whoami. The channel is a lock that a context can give up on.
type identityCache struct {
	lock  chan struct{}
	known *Identity
}

func newIdentityCache() *identityCache { return &identityCache{lock: make(chan struct{}, 1)} }

// WhoAmI asks who the token belongs to. The Hub limits it strictly, so a successful answer is kept.
//
// GET /api/whoami-v2
func (c *Client) WhoAmI(ctx context.Context) (*Identity, error) {
	select {
	case c.identity.lock <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.identity.lock }()
	if c.identity.known == nil {
		var known struct {
			Identity
			Auth struct {
				Type        string    `json:"type"`
				ExpiresAt   wireTime  `json:"expiresAt"`
				AccessToken TokenInfo `json:"accessToken"`
			} `json:"auth"`
		}
		if err := c.getJSON(ctx, "/api/whoami-v2", nil, &known); err != nil {
			return nil, err
		}
		known.Identity.Auth.Type = known.Auth.Type
		known.Identity.Auth.ExpiresAt = known.Auth.ExpiresAt.Time
		known.Identity.Auth.AccessToken = known.Auth.AccessToken
		c.identity.known = &known.Identity
	}
	who := *c.identity.known
	return &who, nil
}

// User is an account as everyone can see it.
type User struct {
	ID       string `json:"_id"`
	Name     string `json:"user"`
	FullName string `json:"fullname"`
	IsPro    bool   `json:"isPro"`
}

// User reads an account by name or id. Payloads of webhooks name users by id only.
//
// GET /api/users/{nameOrID}/overview
func (c *Client) User(ctx context.Context, nameOrID string) (*User, error) {
	user := &User{}
	if err := c.getJSON(ctx, "/api/users/"+escapeSegment(nameOrID)+"/overview", nil, user); err != nil {
		return nil, err
	}
	return user, nil
}
