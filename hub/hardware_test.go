package hub_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestHardware(t *testing.T) {
	t.Parallel()
	const answer = `[{"name":"t4-small","prettyName":"T4","cpu":"4 vCPU","ram":"15 GB","unitCostUSD":0.4,"unitLabel":"hour",
		"accelerator":{"type":"gpu","model":"T4","quantity":"1","vram":"16 GB"}},{"name":"cpu-basic","accelerator":null}]`
	client := serve(
		t, exchange{call: "GET /api/spaces/hardware", answer: answer}, exchange{call: "GET /api/jobs/hardware", answer: answer},
	)
	want := []hub.Hardware{
		{
			Name: "t4-small", PrettyName: "T4", CPU: "4 vCPU", RAM: "15 GB", CostUSD: 0.4, CostUnit: "hour",
			Accelerator: &hub.Accelerator{Type: "gpu", Model: "T4", Quantity: "1", VRAM: "16 GB"},
		},
		{Name: "cpu-basic"},
	}
	for _, list := range []func(context.Context) ([]hub.Hardware, error){client.SpaceHardware, client.JobHardware} {
		got, err := list(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("hardware differs (-want +got):\n%s", diff)
		}
	}
}
