package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// costNotice says what a Docker Space costs (https://huggingface.co/docs/hub/spaces-overview,
// https://huggingface.co/docs/hub/spaces-gpus#sleep-time).
const costNotice = "" +
	"  Docker Spaces need a paid plan of the Hub (PRO, Team or Enterprise), also on the free hardware, which sleeps after 48\n" +
	"  hours without a visitor. Prices: https://huggingface.co/pricing"

// otherWays are those without a Docker Space.
const otherWays = "" +
	"Other ways: hfbot deploy --job (no server: the Hub starts a Job for each event, paid by the second), a server of your own\n" +
	"(Compose or systemd, see docs/operations.md), or hfbot dev and hfbot serve on this machine."

// asleep tells whether a Space does not come up by itself.
func asleep(stage string) bool {
	return slices.Contains([]string{hub.StageSleeping, hub.StagePaused, hub.StageStopped}, stage)
}

// whyNot adds the end of the Space's log to an error about a Space that does not run.
func (d *deployment) whyNot(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	const most = 15
	var lines []string
	for _, kind := range []string{"build", "run"} {
		for line, err := range d.Client.SpaceLogs(ctx, d.Space, kind, hub.LogOptions{Tail: most}) {
			if err != nil {
				break
			}
			lines = append(lines, strings.TrimRight(line.Text, "\n"))
		}
	}
	if len(lines) > most {
		lines = lines[len(lines)-most:]
	}
	tail := ""
	if len(lines) > 0 {
		tail = "\nthe end of its log:\n  " + strings.Join(lines, "\n  ")
	}
	return fmt.Errorf("the Space does not run: %w%s\nits page: %s", cause, tail, d.result.URL)
}
