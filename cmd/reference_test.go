package cmd

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write docs/cli.md anew")

// TestReferenceDocument holds docs/cli.md against the commands, or writes it anew with -update.
func TestReferenceDocument(t *testing.T) {
	t.Parallel()
	text := reference(newRoot())
	if *update {
		if err := os.WriteFile("../docs/cli.md", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile("../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != text {
		t.Error("docs/cli.md is stale: run make generate")
	}
}

// reference renders all commands as docs/cli.md.
func reference(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands\n\n<!-- Made from package cmd by `make generate`; do not edit. -->\n\n" +
		"`hfbot completion bash` (or zsh, fish, powershell) writes a completion script. Errors exit 1, wrong usage exits 2.\n")
	commands := root.Commands()
	for len(commands) > 0 {
		c := commands[0]
		commands = append(c.Commands(), commands[1:]...)
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."))
		if c.Long != "" {
			fmt.Fprintf(&b, "\n%s\n", c.Long)
		}
		fmt.Fprintf(&b, "\n```\n%s\n\n%s\n", c.UseLine(), strings.TrimRight(c.Example, "\n"))
		if usage := c.LocalFlags().FlagUsagesWrapped(110); usage != "" {
			fmt.Fprintf(&b, "\n%s", usage)
		}
		b.WriteString("```\n")
	}
	return b.String()
}
