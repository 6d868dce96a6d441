package cmd

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

// runLog is what /api/v1/runs/{id}/logs says.
type runLog struct {
	Run   string    `json:"run"`
	State string    `json:"state"`
	Logs  []logLine `json:"logs"`
}

// logLine is a line that a step logged.
type logLine struct {
	Step    string `json:"step"`
	Attempt int    `json:"attempt"`
	At      string `json:"at"`
	Level   string `json:"level"`
	Message string `json:"message"`
}

// followEvery is how often a log that is followed is asked for.
const followEvery = time.Second

func newRunsLogs() *cobra.Command {
	var a api
	var follow bool
	c := &cobra.Command{
		Use: "logs ID", Short: "Show what the steps of a run logged",
		Long: "Shows what the steps of a run logged, at most 1,000 lines of each attempt. With --follow it goes on until the run\n" +
			"is over.",
		Example: "  hfbot runs logs ID\n  hfbot runs logs ID --follow",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			path, shown := "runs/"+url.PathEscape(args[0])+"/logs", 0
			for {
				body, err := a.call(c.Context(), http.MethodGet, path, nil)
				if err != nil {
					return err
				}
				over := true
				err = show(c, &a, body, func(w io.Writer, l runLog) error {
					over = finished[l.State]
					n, err := printLog(w, l.Logs, shown)
					shown = n
					return err
				})
				if err != nil || over || !follow || a.format.value == formatJSON {
					return err
				}
				select {
				case <-c.Context().Done():
					return c.Context().Err()
				case <-time.After(followEvery):
				}
			}
		},
	}
	a.addFlags(c)
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the run is over")
	return c
}

// finished are the states in which a run logs no more.
var finished = map[string]bool{"succeeded": true, "failed": true, "cancelled": true, "skipped": true}

// printLog prints the lines after those that were shown, and returns how many are shown then.
func printLog(w io.Writer, lines []logLine, shown int) (int, error) {
	for _, l := range lines[min(shown, len(lines)):] {
		if _, err := fmt.Fprintf(w, "%s %-5s %s/%d %s\n", l.At, l.Level, l.Step, l.Attempt, l.Message); err != nil {
			return shown, err
		}
	}
	return max(shown, len(lines)), nil
}
