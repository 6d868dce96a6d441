package cmd

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// breakerView is what /api/v1/breakers says about one that is open.
type breakerView struct {
	Rule     string `json:"rule"`
	Repo     string `json:"repo"`
	Own      bool   `json:"own"`
	Runs     int    `json:"runs"`
	OpenedAt string `json:"opened_at"`
	Until    string `json:"until"`
}

// breakerList is the answer of /api/v1/breakers.
type breakerList struct {
	Breakers []breakerView `json:"breakers"`
}

func newBreakers() *cobra.Command {
	return group("breakers", "Show and close the breakers of a running bot", "  hfbot breakers list",
		newBreakersList(), newBreakersReset())
}

func newBreakersList() *cobra.Command {
	var a api
	var rule string
	c := &cobra.Command{
		Use: "list", Short: "List the open breakers, newest first",
		Long: `Lists where a rule ran too often on a repository, so that its breaker stops it there. A breaker closes by
itself when the rule's time (breaker.per) has passed.`,
		Example: "  hfbot breakers list --rule auto-safetensors",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{}
			if rule != "" {
				query.Set("rule", rule)
			}
			body, err := a.call(c.Context(), http.MethodGet, "breakers", query)
			if err != nil {
				return err
			}
			return show(c, &a, body, listBreakers)
		},
	}
	a.addFlags(c)
	c.Flags().StringVar(&rule, "rule", "", "only those of this rule")
	return c
}

func listBreakers(w io.Writer, list breakerList) error {
	if len(list.Breakers) == 0 {
		_, err := fmt.Fprintln(w, "no breaker is open")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tREPO\tRUNS\tOPENED\tUNTIL\tSTOPS")
	for _, b := range list.Breakers {
		stops := "all events"
		if b.Own {
			stops = "what the bot's own acts cause"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", b.Rule, b.Repo, b.Runs, b.OpenedAt, b.Until, stops)
	}
	return table.Flush()
}

func newBreakersReset() *cobra.Command {
	var a api
	c := &cobra.Command{
		Use: "reset RULE REPO", Short: "Close a breaker, so that the rule runs on the repository again",
		Example: "  hfbot breakers reset auto-safetensors acme/tiny",
		Args:    arguments(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			path := "rules/" + url.PathEscape(args[0]) + "/reset"
			body, err := a.call(c.Context(), http.MethodPost, path, url.Values{"repo": {args[1]}})
			if err != nil {
				return err
			}
			return show(c, &a, body, func(w io.Writer, _ struct{}) error {
				_, err := fmt.Fprintf(w, "the breaker of rule %s on %s is closed\n", args[0], args[1])
				return err
			})
		},
	}
	a.addFlags(c)
	return c
}
