package cmd

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/config"
)

// checked is the JSON of `hfbot check`.
type checked struct {
	OK       bool          `json:"ok"`
	Rules    int           `json:"rules"`
	Problems rule.Problems `json:"problems"`
}

func newCheck() *cobra.Command {
	var f format
	c := &cobra.Command{
		Use: "check [PATH...]", Short: "Validate rules",
		Long: `Reports every mistake in the rules with its place: unknown keys, actions and inputs, expressions of
the wrong type. PATH is a file or folder; without it, rules.yaml or the folder rules.`,
		Example: "  hfbot check\n  hfbot check rules.yaml --format sarif",
		RunE: func(c *cobra.Command, args []string) error {
			return runCheck(c.OutOrStdout(), args, f)
		},
	}
	addFormat(c, &f, formatText, formatJSON, formatSARIF)
	return c
}

func runCheck(w io.Writer, paths []string, f format) error {
	set, problems, err := loadRules(paths)
	if err != nil {
		return err
	}
	result := checked{OK: set != nil, Problems: orEmpty(problems)}
	if set != nil {
		result.Rules = len(set.Rules)
	}
	switch f.value {
	case formatJSON:
		err = writeJSON(w, result)
	case formatSARIF:
		err = writeSARIF(w, problems)
	default:
		_, err = io.WriteString(w, problems.Text())
		if result.OK && err == nil {
			_, err = fmt.Fprintf(w, "%s fine\n", count(result.Rules, "rule"))
		}
	}
	if err == nil && !result.OK {
		err = fmt.Errorf("the rules have errors: %s in all", count(len(problems), "problem"))
	}
	return err
}

func writeSARIF(w io.Writer, problems rule.Problems) error {
	document, err := problems.SARIF()
	if err != nil {
		return err
	}
	_, err = w.Write(append(document, '\n'))
	return err
}

// loadRules loads the named rules, or those of the current folder.
func loadRules(paths []string) (*rule.Set, rule.Problems, error) {
	if len(paths) == 0 {
		var err error
		if paths, err = config.FindRules("."); err != nil {
			return nil, nil, err
		}
	}
	set, problems := rule.Load(paths, rule.Options{Actions: actions.Default, LookupEnv: os.LookupEnv})
	return set, problems, nil
}

// orEmpty makes a missing list an empty one, so that JSON shows [] and not null.
func orEmpty[L ~[]T, T any](list L) L {
	if list == nil {
		return L{}
	}
	return list
}

// count is "1 rule", "2 rules".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
