package hub

import "context"

// Hardware is what Spaces or Jobs can run on.
type Hardware struct {
	Name        string       `json:"name"` // as it is asked for, such as "cpu-basic"
	PrettyName  string       `json:"prettyName"`
	CPU         string       `json:"cpu"`
	RAM         string       `json:"ram"`
	Accelerator *Accelerator `json:"accelerator"` // nil without
	CostUSD     float64      `json:"unitCostUSD"` // of one CostUnit
	CostUnit    string       `json:"unitLabel"`   // such as "minute"
}

// Accelerator is a GPU or the like.
type Accelerator struct {
	Type     string `json:"type"` // gpu or neuron
	Model    string `json:"model"`
	Quantity string `json:"quantity"`
	VRAM     string `json:"vram"`
}

// SpaceHardware lists what Spaces can run on.
//
// GET /api/spaces/hardware
func (c *Client) SpaceHardware(ctx context.Context) ([]Hardware, error) {
	return c.hardware(ctx, "/api/spaces/hardware")
}

// JobHardware lists what Jobs can run on.
//
// GET /api/jobs/hardware
func (c *Client) JobHardware(ctx context.Context) ([]Hardware, error) {
	return c.hardware(ctx, "/api/jobs/hardware")
}

func (c *Client) hardware(ctx context.Context, path string) ([]Hardware, error) {
	var list []Hardware
	if err := c.getJSON(ctx, path, nil, &list); err != nil {
		return nil, err
	}
	return list, nil
}
