package cmd

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// deliveryView is what /api/v1/deliveries says about one delivery.
type deliveryView struct {
	ID         string            `json:"id"`
	WebhookID  string            `json:"webhook_id"`
	ReceivedAt string            `json:"received_at"`
	Source     string            `json:"source"`
	Scope      string            `json:"scope"`
	Action     string            `json:"action"`
	Repo       string            `json:"repo"`
	Verdicts   map[string]string `json:"verdicts"`
	Runs       []string          `json:"runs"`
	Payload    string            `json:"payload"` // of a single delivery only
}

// deliveryPage is a page of the list.
type deliveryPage struct {
	Deliveries []deliveryView `json:"deliveries"`
	Next       string         `json:"next"`
}

// replayed is the answer to a replay: the delivery that was made.
type replayed struct {
	Delivery string `json:"delivery"`
}

func newDeliveries() *cobra.Command {
	return group("deliveries", "Show what a running bot received, and replay it",
		"  hfbot deliveries list --repo acme/tiny", newDeliveriesList(), newDeliveriesShow(), newDeliveriesReplay())
}

// listFilter narrows a list of deliveries or runs.
type listFilter struct{ rule, state, repo, before string }

func (f *listFilter) addFlags(c *cobra.Command, states string) {
	c.Flags().StringVar(&f.rule, "rule", "", "only those of this rule")
	c.Flags().StringVar(&f.state, "state", "", "only those in this state: "+states)
	c.Flags().StringVar(&f.repo, "repo", "", "only those of this repository")
	c.Flags().StringVar(&f.before, "before", "", "the page before this id")
}

func (f *listFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"rule": f.rule, "state": f.state, "repo": f.repo, "before": f.before} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

func newDeliveriesList() *cobra.Command {
	var a api
	var filter listFilter
	c := &cobra.Command{
		Use: "list", Short: "List deliveries, newest first",
		Example: "  hfbot deliveries list --rule welcome --format json",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			body, err := a.call(c.Context(), http.MethodGet, "deliveries", filter.query())
			if err != nil {
				return err
			}
			return show(c, &a, body, listDeliveries)
		},
	}
	a.addFlags(c)
	filter.addFlags(c, "received, matched or failed")
	return c
}

func listDeliveries(w io.Writer, page deliveryPage) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DELIVERY\tRECEIVED\tEVENT\tREPO\tVERDICTS")
	for _, d := range page.Deliveries {
		fmt.Fprintf(table, "%s\t%s\t%s.%s\t%s\t%s\n", d.ID, d.ReceivedAt, d.Scope, d.Action, d.Repo, verdicts(d.Verdicts))
	}
	if page.Next != "" {
		fmt.Fprintf(table, "more: --before %s\n", page.Next)
	}
	return table.Flush()
}

// verdicts lists the rules by verdict, those that did not match left out.
func verdicts(byRule map[string]string) string {
	var parts []string
	for _, rule := range slices.Sorted(maps.Keys(byRule)) {
		if v := byRule[rule]; v != "not_matched" {
			parts = append(parts, rule+" "+v)
		}
	}
	if len(parts) == 0 {
		return "no rule matched"
	}
	return strings.Join(parts, ", ")
}

func newDeliveriesShow() *cobra.Command {
	var a api
	c := &cobra.Command{
		Use: "show ID", Short: "Show a delivery with its payload",
		Example: "  hfbot deliveries show ID --format json",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			body, err := a.call(c.Context(), http.MethodGet, "deliveries/"+url.PathEscape(args[0]), nil)
			if err != nil {
				return err
			}
			return show(c, &a, body, func(w io.Writer, d deliveryView) error {
				_, err := fmt.Fprintf(w, "delivery %s, received %s by %s\n%s.%s of %s: %s\nruns: %s\n\n%s\n",
					d.ID, d.ReceivedAt, d.Source, d.Scope, d.Action, d.Repo, verdicts(d.Verdicts),
					cmp.Or(strings.Join(d.Runs, ", "), "none"), d.Payload)
				return err
			})
		},
	}
	a.addFlags(c)
	return c
}

func newDeliveriesReplay() *cobra.Command {
	var a api
	var again bool
	c := &cobra.Command{
		Use: "replay ID", Short: "Accept a stored delivery again",
		Long:    "Accepts a stored delivery again. What it did before is not done twice, unless --again asks for it.",
		Example: "  hfbot deliveries replay ID\n  hfbot deliveries replay ID --again",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			query := url.Values{}
			if again {
				query.Set("again", "true")
			}
			body, err := a.call(c.Context(), http.MethodPost, "deliveries/"+url.PathEscape(args[0])+"/replay", query)
			if err != nil {
				return err
			}
			return show(c, &a, body, func(w io.Writer, made replayed) error {
				_, err := fmt.Fprintf(w, "delivery %s is replayed as %s\n", args[0], made.Delivery)
				return err
			})
		},
	}
	c.Flags().BoolVar(&again, "again", false, "do everything anew: new idempotency keys, once_per ignored")
	a.addFlags(c)
	return c
}
