package hub

import "slices"

// FineGrained is what a fine-grained token may do.
type FineGrained struct {
	Global            []string     `json:"global"` // everywhere: "discussion.write", "post.write"
	Scoped            []TokenScope `json:"scoped"`
	CanReadGatedRepos bool         `json:"canReadGatedRepos"`
}

// TokenScope is what a fine-grained token may do with one user, organisation or repository.
type TokenScope struct {
	Entity struct {
		ID   string `json:"_id"`
		Name string `json:"name"` // often empty
		Type string `json:"type"` // user, org, model, dataset, space, …
	} `json:"entity"`
	Permissions []string `json:"permissions"` // such as "repo.content.read", "repo.write", "discussion.write"
}

// Permissions of fine-grained tokens that a bot may need.
const (
	PermissionRead       = "repo.content.read"
	PermissionWrite      = "repo.write"
	PermissionDiscussion = "discussion.write"
	PermissionWebhooks   = "user.webhooks.write"
)

// Allows tells whether the token has a permission for something owned by a namespace (user or organisation). A token
// with the role write has all, one with the role read those that only read. It cannot speak for what its owner may do.
func (t TokenInfo) Allows(permission, namespace string) bool {
	switch {
	case t.Role == TokenRead:
		return permission == PermissionRead
	case t.FineGrained == nil:
		return t.Role == TokenWrite || t.Role == "god"
	case slices.Contains(t.FineGrained.Global, permission):
		return true
	}
	for _, scope := range t.FineGrained.Scoped {
		if scope.Entity.Name == namespace && slices.Contains(scope.Permissions, permission) {
			return true
		}
	}
	return false
}
