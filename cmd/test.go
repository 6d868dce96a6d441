package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/config"
)

// tested is the JSON of `hfbot test`.
type tested struct {
	OK       bool              `json:"ok"`
	Tests    []rule.TestResult `json:"tests"`
	Problems rule.Problems     `json:"problems"`
}

func newTest() *cobra.Command {
	var f format
	c := &cobra.Command{
		Use: "test [PATH...]", Short: "Run the tests beside the rules",
		Long: `Runs the tests of *_test.yaml files: which rules an event matches, which steps would run, with which
inputs. No network is used and nothing is done. PATH is a test file, a rules file or a folder; without it,
the tests beside rules.yaml or in the folder rules.`,
		Example: "  hfbot test\n  hfbot test rules_test.yaml",
		RunE: func(c *cobra.Command, args []string) error {
			return runTests(c.Context(), c.OutOrStdout(), args, f)
		},
	}
	addFormat(c, &f, formatText, formatJSON)
	return c
}

func runTests(ctx context.Context, w io.Writer, paths []string, f format) (err error) {
	if len(paths) == 0 {
		if paths, err = config.FindRules("."); err != nil {
			return err
		}
	}
	results, problems := rule.RunTests(ctx, paths, rule.Options{Actions: actions.Default, LookupEnv: os.LookupEnv})
	failed := failures(results)
	if f.value == formatJSON {
		err = writeJSON(w, tested{
			OK: failed == 0 && !problems.HasErrors(), Tests: orEmpty(results), Problems: orEmpty(problems),
		})
	} else if _, err = io.WriteString(w, problems.Text()); err == nil {
		_, err = rule.WriteResults(plainWriter{w}, results)
	}
	switch {
	case err != nil:
		return err
	case problems.HasErrors():
		return fmt.Errorf("the tests or their rules have errors: %s in all", count(len(problems), "problem"))
	case failed > 0:
		return fmt.Errorf("%d of %s failed", failed, count(len(results), "test"))
	case len(results) == 0:
		return fmt.Errorf("no tests: there is no *_test.yaml at %s", strings.Join(paths, ", "))
	}
	return nil
}

// failures counts the tests that failed.
func failures(results []rule.TestResult) int {
	n := 0
	for _, r := range results {
		if len(r.Failures) > 0 {
			n++
		}
	}
	return n
}
