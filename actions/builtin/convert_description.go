package builtin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/hfbot/hfbot/convert"
)

// Bounds of a description, which the Hub limits to 65,536 characters.
const (
	maxListed = 40   // items of one list
	maxName   = 100  // characters of one name
	maxRows   = 100  // rows of the table, above which it is cut
	maxFacts  = 8000 // characters about one file
)

// description is the body of the pull request: what was made of what, how to make it again, and the marker.
func (c *conversion) description(done []converted, skipped []string) string {
	var b strings.Builder
	b.WriteString("These files hold the same weights as the PyTorch files of this repository, in a format that runs no " +
		"code when it is loaded. Nothing else is changed.\n\n")
	b.WriteString("| file | made from | tensors | bytes | types | SHA-256 | SHA-256 of the source |\n" +
		"|---|---|---|---|---|---|---|\n")
	for i, f := range done {
		if i == maxRows {
			fmt.Fprintf(&b, "\nand %d more files\n", len(done)-maxRows)
			break
		}
		b.WriteString(row(f))
	}
	for _, f := range done {
		if text := facts(f); text != "" && b.Len()+len(text) < maxComment/2 {
			b.WriteString("\n" + text)
		}
	}
	if len(skipped) > 0 {
		fmt.Fprintf(&b, "\nLeft alone: %s\n", list(skipped))
	}
	fmt.Fprintf(&b, "\nConverted from commit `%s`. To make the files again: `hfbot convert %s@%s DIR`. "+
		"Close this pull request if you do not want it.\n\n%s", c.sha, c.repo.Name, c.sha, c.marker())
	return b.String()
}

// row is a file's line of the table.
func row(f converted) string {
	tensors, types := "", ""
	if f.Plan != nil {
		tensors = fmt.Sprint(len(f.Plan.Tensors))
		types = strings.Join(dtypes(f.Plan), ", ")
	}
	return fmt.Sprintf("| %s | %s | %s | %d | %s | %s | %s |\n",
		code(f.Path), code(f.Source), tensors, f.Size, types, code(f.SHA256), code(f.SourceSHA256))
}

// dtypes are the types of a plan's tensors, each once.
func dtypes(p *convert.Plan) []string {
	types := map[string]bool{}
	for _, t := range p.Tensors {
		types[t.DType] = true
	}
	return slices.Sorted(maps.Keys(types))
}

// facts says what a reader should know about one checkpoint: aliases, what was dropped, what its pickle names.
func facts(f converted) string {
	if f.Plan == nil {
		return ""
	}
	var aliases []string
	for _, name := range slices.Sorted(maps.Keys(f.Plan.Aliases)) {
		aliases = append(aliases, name+" = "+f.Plan.Aliases[name])
	}
	var b strings.Builder
	for _, item := range []struct {
		title string
		names []string
	}{
		{"shared tensors, kept once", aliases},
		{"left out, no tensors", f.Plan.Dropped},
		{"globals its pickle names", f.Plan.Globals},
	} {
		if len(item.names) > 0 {
			fmt.Fprintf(&b, "- %s: %s: %s\n", code(f.Source), item.title, list(item.names))
		}
	}
	if b.Len() > maxFacts {
		return ""
	}
	return b.String()
}

// list shows names that strangers chose, not more than maxListed of them.
func list(names []string) string {
	shown := make([]string, 0, maxListed)
	for _, name := range names[:min(len(names), maxListed)] {
		shown = append(shown, code(name))
	}
	if more := len(names) - len(shown); more > 0 {
		return strings.Join(shown, ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(shown, ", ")
}

// code shows text that strangers chose as code, without what would end the code, the table or the marker.
func code(text string) string {
	if text == "" {
		return ""
	}
	runes := []rune(text)
	if len(runes) > maxName {
		runes = append(runes[:maxName], '…')
	}
	for i, r := range runes {
		if r == '`' || r == '|' || r == '<' || r == '>' || !unicode.IsPrint(r) {
			runes[i] = '_'
		}
	}
	return "`" + string(runes) + "`"
}
