package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The output formats.
const (
	formatText  = "text"
	formatJSON  = "json"
	formatSARIF = "sarif"
)

// format is the value of --format. The first of its choices is the default.
type format struct {
	value   string
	choices []string
}

// addFormat defines --format and its short form --json.
func addFormat(c *cobra.Command, f *format, choices ...string) {
	*f = format{value: choices[0], choices: choices}
	c.Flags().Var(f, "format", "output: "+strings.Join(choices, ", "))
	c.Flags().BoolFunc("json", "the same as --format json", func(string) error { return f.Set(formatJSON) })
}

// String implements pflag.Value.
func (f *format) String() string { return f.value }

// Type implements pflag.Value.
func (f *format) Type() string { return "format" }

// Set implements pflag.Value.
func (f *format) Set(value string) error {
	if !slices.Contains(f.choices, value) {
		return fmt.Errorf("it must be one of %s", strings.Join(f.choices, ", "))
	}
	f.value = value
	return nil
}

// writeJSON writes one document, indented, with a line end.
func writeJSON(w io.Writer, document any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(document)
}
