package hub

import (
	"context"
	"encoding/json"
	"net/http"
)

// RepoSettings are the settings of a repository that a call changes; nil fields stay as they are.
type RepoSettings struct {
	Private *bool `json:"private,omitempty"`
	// Visibility is public, private or, of Spaces only, protected. It excludes Private.
	Visibility          *string `json:"visibility,omitempty"`
	DiscussionsDisabled *bool   `json:"discussionsDisabled,omitempty"`
	Gated               *Gate   `json:"gated,omitempty"`

	DiscussionsSorting *string `json:"discussionsSorting,omitempty"` // recently-created, trending or reactions
	OrgMembersGated    *bool   `json:"orgMembersGated,omitempty"`    // the owner's own members must ask for access too
	// GatedEmail is told of requests for access, at once or in bulk: GatedEmailMode is real-time or bulk.
	GatedEmail     *string `json:"gatedNotificationsEmail,omitempty"`
	GatedEmailMode *string `json:"gatedNotificationsMode,omitempty"`
}

// Gate says how users get access to a gated repository.
type Gate string

// The gates of a repository. The Hub writes the first as false.
const (
	GateOpen   Gate = "false"  // not gated
	GateAuto   Gate = "auto"   // whoever asks gets in
	GateManual Gate = "manual" // the owner decides on each request
)

// MarshalJSON implements json.Marshaler.
func (g Gate) MarshalJSON() ([]byte, error) {
	if g == GateOpen {
		return []byte("false"), nil
	}
	return json.Marshal(string(g))
}

// UpdateRepo changes settings of a repository.
//
// PUT /api/{type}s/{name}/settings
func (c *Client) UpdateRepo(ctx context.Context, repo RepoRef, settings RepoSettings) error {
	return c.changeJSON(ctx, http.MethodPut, repo.APIPath()+"/settings", settings, nil)
}

// MoveRepo renames a repository, also to another owner. The old name goes on to lead to it.
//
// POST /api/repos/move
func (c *Client) MoveRepo(ctx context.Context, repo RepoRef, newName string) error {
	in := struct {
		From string   `json:"fromRepo"`
		To   string   `json:"toRepo"`
		Type RepoType `json:"type"`
	}{repo.Name, newName, repo.Type}
	return c.postJSON(ctx, "/api/repos/move", in, nil)
}

// DeleteRepo removes a repository for good.
//
// DELETE /api/repos/delete
func (c *Client) DeleteRepo(ctx context.Context, repo RepoRef) error {
	organization, name := repo.split()
	in := struct {
		Name         string   `json:"name"`
		Organization string   `json:"organization,omitempty"`
		Type         RepoType `json:"type"`
	}{name, organization, repo.Type}
	return c.changeJSON(ctx, http.MethodDelete, "/api/repos/delete", in, nil)
}
