package hub

import (
	"context"
	"net/http"
	"time"
)

// SpaceSecretInput is a secret to be set.
type SpaceSecretInput struct {
	Key         string // letters, digits and _, the first a letter
	Value       Secret
	Description string // may be empty
}

// SpaceSecret is a secret as it can be read: without its value.
type SpaceSecret struct {
	Key         string
	Description string
	UpdatedAt   time.Time
}

// SpaceVariable is a variable of a Space, which everyone may see.
type SpaceVariable struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}

// spaceSetting is a secret on the wire, in the clear.
type spaceSetting struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}

func revealed(secrets []SpaceSecretInput) []spaceSetting {
	var settings []spaceSetting
	for _, secret := range secrets {
		settings = append(settings, spaceSetting{secret.Key, secret.Value.Reveal(), secret.Description})
	}
	return settings
}

// SpaceSecrets lists the secrets of a Space by their keys. Values are never returned.
//
// GET /api/spaces/{name}/secrets
func (c *Client) SpaceSecrets(ctx context.Context, space RepoRef) (map[string]SpaceSecret, error) {
	var in map[string]struct {
		Description string   `json:"description"`
		UpdatedAt   wireTime `json:"updatedAt"`
	}
	if err := c.getJSON(ctx, space.APIPath()+"/secrets", nil, &in); err != nil {
		return nil, err
	}
	secrets := make(map[string]SpaceSecret, len(in))
	for key, secret := range in {
		secrets[key] = SpaceSecret{key, secret.Description, secret.UpdatedAt.Time}
	}
	return secrets, nil
}

// SetSpaceSecret sets a secret of a Space, which then restarts. Secrets cannot be read again.
//
// POST /api/spaces/{name}/secrets
func (c *Client) SetSpaceSecret(ctx context.Context, space RepoRef, key string, value Secret) error {
	return c.putSetting(ctx, space, "/secrets", spaceSetting{Key: key, Value: value.Reveal()})
}

// DeleteSpaceSecret removes a secret of a Space.
//
// DELETE /api/spaces/{name}/secrets
func (c *Client) DeleteSpaceSecret(ctx context.Context, space RepoRef, key string) error {
	return c.changeJSON(ctx, http.MethodDelete, space.APIPath()+"/secrets", map[string]string{"key": key}, nil)
}

// SpaceVariables reads the variables of a Space, which everyone may see.
//
// GET /api/spaces/{name}/variables
func (c *Client) SpaceVariables(ctx context.Context, space RepoRef) (map[string]string, error) {
	var in map[string]struct {
		Value string `json:"value"`
	}
	if err := c.getJSON(ctx, space.APIPath()+"/variables", nil, &in); err != nil {
		return nil, err
	}
	variables := make(map[string]string, len(in))
	for key, variable := range in {
		variables[key] = variable.Value
	}
	return variables, nil
}

// SetSpaceVariable sets a variable of a Space, which then restarts.
//
// POST /api/spaces/{name}/variables
func (c *Client) SetSpaceVariable(ctx context.Context, space RepoRef, key, value string) error {
	return c.putSetting(ctx, space, "/variables", spaceSetting{Key: key, Value: value})
}

// DeleteSpaceVariable removes a variable of a Space.
//
// DELETE /api/spaces/{name}/variables
func (c *Client) DeleteSpaceVariable(ctx context.Context, space RepoRef, key string) error {
	return c.changeJSON(ctx, http.MethodDelete, space.APIPath()+"/variables", map[string]string{"key": key}, nil)
}

// putSetting sets a secret or variable. Setting it twice is as good as once.
func (c *Client) putSetting(ctx context.Context, space RepoRef, path string, in spaceSetting) error {
	return c.postIdempotent(ctx, space.APIPath()+path, in, nil)
}
