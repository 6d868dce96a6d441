package hub_test

import (
	"context"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestScheduledJobCalls(t *testing.T) {
	t.Parallel()
	in := hub.ScheduledJobInput{
		Job:      hub.JobSpec{SpaceID: "ada/bot", Flavor: "cpu-basic", Secrets: map[string]hub.Secret{"HF_TOKEN": "hf_x"}},
		Schedule: "@daily", Suspended: true,
	}
	testChanges(t, map[string]change{
		"schedule": {
			exchange{
				call: "POST /api/scheduled-jobs/ada",
				body: `{"jobSpec":{"spaceId":"ada/bot","flavor":"cpu-basic","environment":{},"secrets":{"HF_TOKEN":"hf_x"}},` +
					`"schedule":"@daily","suspend":true}`,
				answer: `{"id":"s1","status":{"lastJob":null,"nextJobRunAt":"2026-01-02T00:00:00.000Z"}}`,
			},
			func(ctx context.Context, c *hub.Client) error {
				_, err := c.ScheduleJob(ctx, "ada", in)
				return err
			},
		},
		"run": {
			exchange{call: "POST /api/scheduled-jobs/ada/s1/run", answer: jobAnswer},
			func(ctx context.Context, c *hub.Client) error {
				_, err := c.RunScheduledJob(ctx, "ada", "s1")
				return err
			},
		},
	})
}
