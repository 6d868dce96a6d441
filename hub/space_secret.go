package hub

import "context"

// PutSpaceSecret sets a secret of a Space with its description, which those who may change the Space can read; the
// Space then restarts.
//
// POST /api/spaces/{name}/secrets
func (c *Client) PutSpaceSecret(ctx context.Context, space RepoRef, in SpaceSecretInput) error {
	return c.putSetting(ctx, space, "/secrets", spaceSetting{in.Key, in.Value.Reveal(), in.Description})
}
