package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub"
)

// The states of a check.
const (
	checkOK   = "ok"
	checkWarn = "warning"
	checkFail = "wrong"
	checkSkip = "skipped"
)

// finding is what one check found.
type finding struct {
	Name  string `json:"name"`
	State string `json:"state"`        // ok, warning, wrong, skipped
	Text  string `json:"text"`         // what was seen
	Do    string `json:"do,omitempty"` // what to do about it
}

// diagnosis is the JSON of `hfbot doctor`.
type diagnosis struct {
	OK     bool      `json:"ok"`
	Checks []finding `json:"checks"`
}

// doctor holds what the checks share.
type doctor struct {
	cfg    *config.Config
	rules  *rule.Set   // nil when they cannot be loaded
	client *hub.Client // nil without a token
	me     *hub.Identity
	noHub  bool // it does not answer, so that nothing more is asked of it
	http   *http.Client
	now    func() time.Time
	// onRootDisk tells whether a path lies on a disk that goes with the container.
	onRootDisk func(path string) bool
}

func newDoctor() *cobra.Command {
	var f format
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong: token, rights, webhook, address, rules, clock, database",
		Long: `Checks, with the settings that serve would take, all that a bot needs, and says what to do about what is wrong. It
changes nothing. It exits 1 when something is wrong; warnings alone exit 0.`,
		Example: "  hfbot doctor\n  hfbot doctor --json",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(c.Flags())
			found := diagnosis{Checks: []finding{}}
			if err != nil {
				found.Checks = append(found.Checks, finding{"settings", checkFail, err.Error(), "mend them; docs/settings.md lists all"})
			} else {
				found.Checks = append(found.Checks, finding{"settings", checkOK, "read", ""})
				d := &doctor{cfg: cfg, http: &http.Client{Timeout: 20 * time.Second}, now: time.Now, onRootDisk: config.OnRootDisk}
				found.Checks = append(found.Checks, d.examine(c.Context())...)
			}
			return found.show(c.OutOrStdout(), f)
		},
	}
	config.AddFlags(c.Flags(), serveFlags...)
	addFormat(c, &f, formatText, formatJSON)
	return c
}

// examine makes all checks, in an order in which a later one can build on an earlier one.
func (d *doctor) examine(ctx context.Context) []finding {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var all []finding
	for _, check := range []func(context.Context) finding{
		d.checkRules, d.checkSecret, d.checkDatabase, d.checkHub, d.checkClock, d.checkToken,
	} {
		all = append(all, check(ctx))
	}
	all = append(all, d.checkRights(ctx)...)
	return append(all, d.checkAddress(ctx), d.checkWebhook(ctx))
}

// show prints the diagnosis and fails when something is wrong.
func (g *diagnosis) show(w io.Writer, f format) error {
	wrong := 0
	for _, c := range g.Checks {
		if c.State == checkFail {
			wrong++
		}
	}
	g.OK = wrong == 0
	if f.value == formatJSON {
		if err := writeJSON(w, g); err != nil {
			return err
		}
	} else {
		for _, c := range g.Checks {
			// Rules may come from the Hub, and what it says does: neither may look like a finding of its own.
			fmt.Fprintf(w, "%-8s %-9s %s\n", c.State, c.Name, plain(line(c.Text)))
			if c.Do != "" {
				fmt.Fprintf(w, "%-18s -> %s\n", "", plain(line(c.Do)))
			}
		}
	}
	if wrong > 0 {
		return errors.New(count(wrong, "thing") + " wrong")
	}
	return nil
}
