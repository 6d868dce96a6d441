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

// facts is what a reader should know of one output. It holds no more names than are shown.
type facts struct {
	tensors int
	dtypes  []string
	text    string // aliases, what was dropped, what the pickles name
}

// newFacts gathers the facts of a plan.
func newFacts(p *convert.Plan) facts {
	f := facts{tensors: len(p.Tensors)}
	types := map[string]bool{}
	for _, t := range p.Tensors {
		types[t.DType] = true
	}
	f.dtypes = slices.Sorted(maps.Keys(types))
	var aliases []string
	for _, name := range slices.Sorted(maps.Keys(p.Aliases)) {
		aliases = append(aliases, name+" = "+p.Aliases[name])
	}
	var b strings.Builder
	if p.Key != "" && p.Key != "." {
		fmt.Fprintf(&b, "taken from its entry %s; ", code(p.Key))
	}
	for _, item := range []struct {
		title string
		names []string
	}{
		{"shared tensors, kept once", aliases},
		{"left out, no tensors", p.Dropped},
		{"globals its pickle names", p.Globals},
	} {
		if len(item.names) > 0 {
			fmt.Fprintf(&b, "%s: %s; ", item.title, list(item.names))
		}
	}
	if text := strings.TrimSuffix(b.String(), "; "); len(text) <= maxFacts {
		f.text = text
	}
	return f
}

// description is the body of the pull request: what was made of what, how to make it again, and the marker.
func (c *conversion) description(done []converted, skipped []string) string {
	var b strings.Builder
	b.WriteString(c.introduction())
	b.WriteString("\n\n| file | made from | tensors | bytes | types | SHA-256 | SHA-256 of the source |\n" +
		"|---|---|---|---|---|---|---|\n")
	for i, f := range done {
		line := row(f)
		if i == maxRows || b.Len()+len(line) > maxComment/3 {
			fmt.Fprintf(&b, "\nand %d more files\n", len(done)-i)
			break
		}
		b.WriteString(line)
	}
	for _, f := range done {
		if line := "\n- " + code(f.Path) + ": " + f.facts.text + "\n"; f.facts.text != "" && b.Len()+len(line) < maxComment/2 {
			b.WriteString(line)
		}
	}
	for _, f := range done {
		if line := "\n- " + code(f.Path) + ": " + warned(f.warnings) + "\n"; f.warnings != nil && b.Len()+len(line) < maxComment/2 {
			b.WriteString(line)
		}
	}
	if len(skipped) > 0 {
		fmt.Fprintf(&b, "\nLeft alone: %s\n", list(skipped))
	}
	fmt.Fprintf(&b, "\nConverted from commit `%s`. To make the same bytes again: %s. "+
		"Feel free to close this pull request if you do not want it: the bot will leave this repository alone.\n\n%s",
		c.sha, c.command(), c.marker())
	return b.String()
}

// warned says where checkpoints differ from their own checksums.
func warned(warnings []string) string {
	texts := make([]string, 0, len(warnings))
	for _, text := range warnings {
		texts = append(texts, codeUpTo(text, 3*maxName))
	}
	return "**look at this**: " + strings.Join(texts, ", ")
}

// introduction says what the files are.
func (c *conversion) introduction() string {
	switch c.in.DType {
	case convert.ToBF16, convert.ToF16:
		return "These files hold the weights of the PyTorch files of this repository, rounded to " + c.in.DType +
			", in a format that runs no code when it is loaded. The names say so, and nothing else is changed."
	}
	return "These files hold the same weights as the PyTorch files of this repository, bit for bit, in a format that " +
		"runs no code when it is loaded. Nothing else is changed."
}

// command is the one that makes the files again.
func (c *conversion) command() string {
	line := fmt.Sprintf("hfbot convert %s@%s DIR", c.repo.Name, c.sha)
	for _, flag := range []struct{ name, value, standard string }{
		{"key", c.in.Key, ""},
		{"shared", c.in.Shared, convert.Dedupe},
		{"dtype", c.in.DType, convert.KeepType},
		{"max-shard-size", c.in.MaxShard, ""},
	} {
		if flag.value != "" && flag.value != flag.standard {
			line += fmt.Sprintf(" --%s=%s", flag.name, flag.value)
		}
	}
	runes := []rune(line)
	return codeUpTo(line, len(runes))
}

// row is a file's line of the table.
func row(f converted) string {
	tensors := ""
	if f.facts.tensors > 0 {
		tensors = fmt.Sprint(f.facts.tensors)
	}
	var names, sums []string
	for _, s := range f.sources[:min(len(f.sources), maxSources)] {
		names, sums = append(names, code(s.path)), append(sums, code(s.sha256))
	}
	if more := len(f.sources) - maxSources; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("| %s | %s | %s | %d | %s | %s | %s |\n", code(f.Path), strings.Join(names, ", "), tensors,
		f.Size, strings.Join(f.facts.dtypes, ", "), code(f.SHA256), strings.Join(sums, ", "))
}

// maxSources is how many sources of one file are listed.
const maxSources = 4

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
func code(text string) string { return codeUpTo(text, maxName) }

func codeUpTo(text string, limit int) string {
	if text == "" {
		return ""
	}
	runes := []rune(text)
	if len(runes) > limit {
		runes = append(runes[:limit], '…')
	}
	for i, r := range runes {
		if r == '`' || r == '|' || r == '<' || r == '>' || !unicode.IsPrint(r) {
			runes[i] = '_'
		}
	}
	return "`" + string(runes) + "`"
}
