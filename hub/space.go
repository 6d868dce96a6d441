package hub

import (
	"context"
	"net/http"
)

// SpaceRuntime is the state that a Space is in.
type SpaceRuntime struct {
	Stage        string `json:"stage"` // BUILDING, RUNNING, RUNTIME_ERROR, SLEEPING, PAUSED, ...; the set is open
	ErrorMessage string `json:"errorMessage"`
	Domains      []struct {
		Domain string `json:"domain"` // where it is served, such as "acme-app.hf.space"
		Stage  string `json:"stage"`
	} `json:"domains"`
}

// SpaceRuntime reads the state of a Space.
//
// GET /api/spaces/{name}/runtime
func (c *Client) SpaceRuntime(ctx context.Context, space RepoRef) (*SpaceRuntime, error) {
	runtime := &SpaceRuntime{}
	if err := c.getJSON(ctx, space.APIPath()+"/runtime", nil, runtime); err != nil {
		return nil, err
	}
	return runtime, nil
}

// RestartSpace starts a Space anew; factory builds it anew without a cache first.
//
// POST /api/spaces/{name}/restart[?factory=true]
func (c *Client) RestartSpace(ctx context.Context, space RepoRef, factory bool) error {
	request, err := c.post(space.APIPath()+"/restart", nil)
	if err != nil {
		return err
	}
	if factory {
		request.query = map[string][]string{"factory": {"true"}}
	}
	_, err = c.json(ctx, request, nil)
	return err
}

type spaceSetting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// SetSpaceSecret sets a secret of a Space, which then restarts. Secrets cannot be read again.
//
// POST /api/spaces/{name}/secrets
func (c *Client) SetSpaceSecret(ctx context.Context, space RepoRef, key string, value Secret) error {
	return c.postJSON(ctx, space.APIPath()+"/secrets", spaceSetting{key, value.Reveal()}, nil)
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
	return c.postJSON(ctx, space.APIPath()+"/variables", spaceSetting{key, value}, nil)
}

// DeleteSpaceVariable removes a variable of a Space.
//
// DELETE /api/spaces/{name}/variables
func (c *Client) DeleteSpaceVariable(ctx context.Context, space RepoRef, key string) error {
	return c.changeJSON(ctx, http.MethodDelete, space.APIPath()+"/variables", map[string]string{"key": key}, nil)
}
