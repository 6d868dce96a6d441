package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// arguments makes a wrong number of arguments a usage error that names what is wrong and what is wanted.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if check(c, args) == nil {
			return nil
		}
		for n := len(args) - 1; n >= 0; n-- {
			if check(c, args[:n]) == nil {
				return usageErrorf("%q is one argument too many; usage: %s", args[n], c.UseLine())
			}
		}
		return usageErrorf("an argument is missing; usage: %s", c.UseLine())
	}
}

// newHelp is `hfbot help COMMAND`; that of cobra takes a misspelt name for none.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Show what a command does", Example: "  hfbot help explain", Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 && c.HasSubCommands() {
				return subcommandsOnly(c, rest)
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

// oneLine puts the lines of an error, such as those of errors.Join, into one.
func oneLine(message string) string {
	var parts []string
	for part := range strings.Lines(message) {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

// jsonError says where a document is no JSON; nil when it is.
func jsonError(document []byte) error {
	var syntax *json.SyntaxError
	if err := json.Unmarshal(document, new(json.RawMessage)); !errors.As(err, &syntax) {
		return err
	}
	before := string(document[:max(syntax.Offset-1, 0)])
	line := 1 + strings.Count(before, "\n")
	column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
	return fmt.Errorf("line %d, column %d: %s", line, column, syntax.Error())
}
