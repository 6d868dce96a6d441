package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/spaces"
)

// initOptions are the arguments and flags of `hfbot init`.
type initOptions struct {
	dir      string
	template string
	out      io.Writer
}

func newInit() *cobra.Command {
	var o initOptions
	var list bool
	c := &cobra.Command{
		Use:   "init DIR",
		Short: "Make the folder of a new bot",
		Long: `Makes a folder with all that a bot needs: rules.yaml, its test, hfbot.yaml, Dockerfile, the README of a Space and a
workflow that checks the rules. Nothing that is there is overwritten.`,
		Example: "  hfbot init my-bot\n  hfbot init my-bot --template welcome\n  hfbot init --list",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.out = c.OutOrStdout()
			if list {
				return listTemplates(o.out)
			}
			if len(args) == 0 {
				return usageErrorf("the folder is missing; usage: %s", c.UseLine())
			}
			o.dir = args[0]
			return runInit(o)
		},
	}
	c.Flags().StringVar(&o.template, "template", spaces.Default, "what the bot does; --list shows them")
	c.Flags().BoolVar(&list, "list", false, "list the templates")
	return c
}

func listTemplates(w io.Writer) error {
	all, err := spaces.Templates()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range all {
		fmt.Fprintf(table, "%s\t%s\n", t.Name, t.Summary)
	}
	return table.Flush()
}

// plainTitle is what a title may consist of, so that it needs no quotes in the card.
var plainTitle = regexp.MustCompile(`[^A-Za-z0-9 _.-]+`)

func runInit(o initOptions) error {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	title := strings.Join(strings.Fields(plainTitle.ReplaceAllString(filepath.Base(dir), " ")), " ")
	if title == "" {
		title = "hfbot"
	}
	files, err := spaces.Files(o.template, title)
	if errors.Is(err, fs.ErrNotExist) {
		return usageErrorf("there is no template %q; hfbot init --list shows them", o.template)
	} else if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names { // before anything is written, so that a refusal leaves nothing behind
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already; nothing was written: choose another folder, or move it away",
				filepath.Join(o.dir, name))
		}
	}
	for _, name := range names {
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(name)), files[name]); err != nil {
			return fmt.Errorf("make %s: %w", o.dir, err)
		}
	}
	fmt.Fprintf(o.out, "%s is ready, made from the template %s: %s\n\nNext:\n  cd %s\n"+
		"  hfbot test                 # what the rules make of the events in rules_test.yaml\n"+
		"  hfbot dev                  # a Hub of your own: make the rules fire, edit them meanwhile\n"+
		"  hfbot deploy OWNER/NAME    # put it on a Space of the Hub\n", o.dir, o.template, strings.Join(names, ", "), shellWord(o.dir))
	return nil
}

// plainWord is a word that a shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)

// shellWord writes a text so that a shell takes it as one word.
func shellWord(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, text []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = file.Write(text)
	return err
}
