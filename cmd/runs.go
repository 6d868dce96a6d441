package cmd

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// runView is what /api/v1/runs says about one run.
type runView struct {
	ID        string     `json:"id"`
	Rule      string     `json:"rule"`
	Delivery  string     `json:"delivery"`
	Repo      string     `json:"repo"`
	State     string     `json:"state"`
	Attempt   int        `json:"attempt"`
	CreatedAt string     `json:"created_at"`
	Error     string     `json:"error"`
	Reason    string     `json:"reason"`     // why it waits or was skipped
	WaitUntil string     `json:"wait_until"` // empty when it waits for no time
	DryRun    bool       `json:"dry_run"`
	Steps     []stepView `json:"steps"` // of a single run only
}

// stepView is one step of a run.
type stepView struct {
	ID      string `json:"id"`
	Uses    string `json:"uses"`
	State   string `json:"state"`
	Attempt int    `json:"attempt"`
	Error   string `json:"error"`
}

// state is the state in words.
func (r runView) state() string {
	if r.DryRun {
		return r.State + " (dry run)"
	}
	return r.State
}

// why is what went wrong, else what it waits for.
func (r runView) why() string {
	switch {
	case r.Error != "":
		return line(r.Error)
	case r.WaitUntil != "":
		return line(r.Reason + ", until " + r.WaitUntil)
	}
	return line(r.Reason)
}

// runPage is a page of the list.
type runPage struct {
	Runs []runView `json:"runs"`
	Next string    `json:"next"`
}

func newRuns() *cobra.Command {
	return group("runs", "Show and steer the runs of a running bot", "  hfbot runs list --state failed",
		newRunsList(), newRunsShow(), newRunsLogs(),
		newRunControl("cancel", "Stop a run", "is being cancelled"),
		newRunControl("retry", "Try a failed run again, from the step that failed", "is tried again"))
}

func newRunsList() *cobra.Command {
	var a api
	var filter listFilter
	c := &cobra.Command{
		Use: "list", Short: "List runs, newest first",
		Example: "  hfbot runs list --rule auto-safetensors --state failed",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			body, err := a.call(c.Context(), http.MethodGet, "runs", filter.query())
			if err != nil {
				return err
			}
			return show(c, &a, body, listRuns)
		},
	}
	a.addFlags(c)
	filter.addFlags(c, "queued, waiting, running, succeeded, failed, cancelled or skipped")
	return c
}

func listRuns(w io.Writer, page runPage) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tCREATED\tRULE\tREPO\tSTATE\tWHY")
	for _, r := range page.Runs {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.CreatedAt, r.Rule, r.Repo, r.state(), r.why())
	}
	if page.Next != "" {
		fmt.Fprintf(table, "more: --before %s\n", page.Next)
	}
	return table.Flush()
}

func newRunsShow() *cobra.Command {
	var a api
	c := &cobra.Command{
		Use: "show ID", Short: "Show a run with its steps",
		Example: "  hfbot runs show ID",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			body, err := a.call(c.Context(), http.MethodGet, "runs/"+url.PathEscape(args[0]), nil)
			if err != nil {
				return err
			}
			return show(c, &a, body, showRun)
		},
	}
	a.addFlags(c)
	return c
}

func showRun(w io.Writer, r runView) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "run %s of rule %s for delivery %s on %s: %s\n", r.ID, r.Rule, r.Delivery, r.Repo, r.state())
	switch why := r.why(); {
	case r.Error != "":
		fmt.Fprintf(table, "error: %s\n", why)
	case why != "":
		fmt.Fprintf(table, "why: %s\n", why)
	}
	for _, s := range r.Steps {
		fmt.Fprintf(table, "  %s\t%s\t%s\tattempt %d\t%s\n", s.ID, s.Uses, s.State, s.Attempt, line(s.Error))
	}
	return table.Flush()
}

// newRunControl makes a command that asks the bot to do something with a run.
func newRunControl(verb, short, done string) *cobra.Command {
	var a api
	c := &cobra.Command{
		Use: verb + " ID", Short: short,
		Example: "  hfbot runs " + verb + " ID",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			body, err := a.call(c.Context(), http.MethodPost, "runs/"+url.PathEscape(args[0])+"/"+verb, nil)
			if err != nil {
				return err
			}
			return show(c, &a, body, func(w io.Writer, _ struct{}) error {
				_, err := fmt.Fprintf(w, "run %s %s\n", args[0], done)
				return err
			})
		},
	}
	a.addFlags(c)
	return c
}
