package cmd

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/actions"
)

// build says what this binary was made from.
type build struct {
	Version string   `json:"version"`
	Commit  string   `json:"commit"`
	Go      string   `json:"go"`
	Actions []string `json:"actions"`
}

func newVersion() *cobra.Command {
	var f format
	c := &cobra.Command{
		Use: "version", Short: "Show version, commit and the actions compiled in",
		Example: "  hfbot version",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			b := readBuild()
			if f.value == formatJSON {
				return writeJSON(c.OutOrStdout(), b)
			}
			out := c.OutOrStdout()
			fmt.Fprintf(out, "hfbot %s (commit %s, %s)\n%d actions:\n", b.Version, b.Commit, b.Go, len(b.Actions))
			for _, id := range b.Actions {
				fmt.Fprintln(out, "  "+id)
			}
			return nil
		},
	}
	addFormat(c, &f, formatText, formatJSON)
	return c
}

// readBuild reads what the Go toolchain wrote into the binary. A build outside of a git checkout knows no commit.
func readBuild() build {
	b := build{Version: "(devel)", Commit: "unknown", Actions: []string{}}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Go = info.GoVersion
		if info.Main.Version != "" {
			b.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.Commit = s.Value
			}
		}
	}
	for _, e := range actions.Default.All() {
		b.Actions = append(b.Actions, e.Spec.ID)
	}
	return b
}
