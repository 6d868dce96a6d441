// Package size adds the action acme.size, which adds up the files of a repository.
package size

import (
	"context"
	"fmt"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(size{}) }

// size is the action. It holds nothing, since each run is on its own.
type size struct{}

// input is what `with` takes. Names, defaults, checks and documentation all come from here.
type input struct {
	Files string `json:"files" default:"**" doc:"glob of the files to count"`
	actions.Target
}

// output is what later steps read as steps.x.outputs.
type output struct {
	Files int    `json:"files" doc:"how many files there are"`
	Bytes int64  `json:"bytes" doc:"their size"`
	Text  string `json:"text" doc:"their size in words, such as 1.5 GB"`
}

// Validate is called when the rules are loaded, if the inputs are constants, and before each run.
func (in *input) Validate() error {
	if !doublestar.ValidatePattern(in.Files) {
		return fmt.Errorf("files: %q is no glob", in.Files)
	}
	return nil
}

// Spec describes the action.
func (size) Spec() actions.Spec {
	return actions.Spec{
		ID:         "acme.size",
		Summary:    "Add up the files of a repository.",
		Effect:     actions.None,
		Idempotent: true,
		Example:    "id: size\nuses: acme.size\nwith: {files: \"**/*.safetensors\"}",
	}
}

// Run does the work.
func (size) Run(ctx context.Context, rt *actions.Runtime, in input) (output, error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return output{}, err
	}
	revision := ""
	if rt.IsEvent(repo) {
		revision = rt.SHA
	}
	var out output
	for entry, err := range rt.Hub.Tree(ctx, repo, revision) {
		if err != nil {
			return output{}, fmt.Errorf("list %s: %w", repo, err)
		}
		if entry.Type == "file" && doublestar.MatchUnvalidated(in.Files, entry.Path) {
			out.Files++
			out.Bytes += entry.Size
		}
	}
	out.Text = text(out.Bytes)
	return out, nil
}

// text writes a size in decimal units, as the Hub's pages do.
func text(bytes int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"}
	value, unit := float64(bytes), 0
	for value >= 1000 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d %s", bytes, units[0])
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
