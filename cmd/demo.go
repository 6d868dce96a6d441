package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/cmd/demo"
)

// demoTimeout bounds the play; it takes a second or two.
const demoTimeout = 30 * time.Second

// demoOptions are the flags of `hfbot demo`.
type demoOptions struct {
	once bool
	json bool
}

func newDemo() *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "Play the whole mission on loopback: a push becomes a pull request, a comment and a CI call",
		Long: `Starts a local Hub and the bot in one process, without account or network. A user pushes a model with pickle
weights by git and opens a pull request; the bot converts, comments, welcomes and calls the CI. What came of it is
read back from the Hub.`,
		Example: "  hfbot demo --once\n  hfbot demo --once --json",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return runDemo(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().BoolVar(&o.once, "once", false, "stop after the play; exit 0 only if all three rules have succeeded")
	c.Flags().BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func runDemo(ctx context.Context, o demoOptions, stdout, stderr io.Writer) (err error) {
	begun := time.Now()
	d, err := demo.Start(ctx, zap.NewNop())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	talk := stdout
	if o.json {
		talk = stderr
	}
	fmt.Fprintf(talk, "local Hub  %s  (accounts demo and hfbot)\nbot        %s  (dashboard; receives at /webhook)\n\n",
		d.Hub.URL(), d.Bot.URL())

	report, err := play(ctx, d)
	if err != nil {
		return err
	}
	if o.json {
		err = report.WriteJSON(stdout)
	} else {
		err = report.WriteText(stdout, begun)
	}
	if err != nil {
		return err
	}
	if !report.OK {
		return errors.New("the demo failed: " + report.Error)
	}
	if !o.once {
		stay(ctx, d, talk)
	}
	return nil
}

// play lets the user act, waits for the bot and reads back what happened.
func play(ctx context.Context, d *demo.Demo) (*demo.Report, error) {
	limited, cancel := context.WithTimeout(ctx, demoTimeout)
	defer cancel()
	sha, num, err := d.Act(limited)
	if err != nil {
		return nil, err
	}
	late := d.Wait(limited)
	out, missing := d.Check(ctx, sha, num)
	return d.Report(ctx, out, errors.Join(late, missing))
}

// stay keeps the stage up until the person has seen enough.
func stay(ctx context.Context, d *demo.Demo, w io.Writer) {
	fmt.Fprintf(w, `
The Hub and the bot stay up. Look at the dashboard: %s
Push again yourself (user demo, password hf_demo):

  git clone %s tiny-model && cd tiny-model
  date > notes.txt && git add notes.txt && git commit -m "Add notes" && git push

Ctrl-C ends it.
`, d.Bot.URL(), d.CloneURL())
	<-ctx.Done()
}
