package cmd

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/actions"
)

func newActions() *cobra.Command {
	var f format
	c := &cobra.Command{
		Use: "actions [ID]", Short: "List the actions, or show one with its inputs, outputs and an example",
		Example: "  hfbot actions\n  hfbot actions hub.comment",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listActions(c.OutOrStdout(), actions.Default, f)
			}
			return showAction(c.OutOrStdout(), actions.Default, args[0], f)
		},
	}
	addFormat(c, &f, formatText, formatJSON)
	c.AddCommand(newActionsNew())
	return c
}

func listActions(w io.Writer, r *actions.Registry, f format) error {
	if f.value == formatJSON {
		return writeJSON(w, r.Catalogue())
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range r.All() {
		fmt.Fprintf(table, "%s\t%s\n", e.Spec.ID, e.Spec.Summary)
	}
	return table.Flush()
}

func showAction(w io.Writer, r *actions.Registry, id string, f format) error {
	e, ok := r.Get(id)
	if !ok {
		hint := ""
		if near := r.Near(id); len(near) > 0 {
			hint = fmt.Sprintf(" (did you mean %q?)", near[0])
		}
		return fmt.Errorf("unknown action %q%s; `hfbot actions` lists them", id, hint)
	}
	if f.value == formatJSON {
		return writeJSON(w, actions.Catalogue{Actions: []actions.CatalogueAction{e.Catalogue()}})
	}
	_, err := io.WriteString(w, e.Markdown())
	return err
}
