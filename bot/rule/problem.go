package rule

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Severity of a Problem.
type Severity string

// An Error makes the rules unusable; a Warning does not.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one mistake in a rules file, with its place. Line and Column are 1-based, columns in code points.
type Problem struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule,omitempty"`
	Message  string   `json:"message"`
	Source   string   `json:"source,omitempty"` // the offending line
}

func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s: %s", p.File, p.Severity, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, p.Severity, p.Message)
}

// Problems is all that is wrong with the rules. It is an error.
type Problems []Problem

// Error implements error: the first error, and how many more there are.
func (ps Problems) Error() string {
	n := 0
	first := ""
	for _, p := range ps {
		if p.Severity == Error {
			if n++; n == 1 {
				first = p.String()
			}
		}
	}
	if n > 1 {
		return fmt.Sprintf("%s (and %d more)", first, n-1)
	}
	return first
}

// HasErrors tells whether any problem is more than a warning.
func (ps Problems) HasErrors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error })
}

// sort orders problems by place and drops those said twice.
func (ps Problems) sort() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(ps)
}

// Text renders the problems for a terminal, each with its line and a caret.
func (ps Problems) Text() string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.String() + "\n")
		if p.Source != "" {
			b.WriteString("    " + printable(p.Source) + "\n    " + caret(p.Source, p.Column) + "\n")
		}
	}
	return b.String()
}

// printable keeps a line from steering the terminal: a control character, or one that turns the direction
// of writing, is shown as �; a tab stays.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, line)
}

// caret is the line that puts ^ under a column: tabs stay tabs, and wide characters take two places.
func caret(line string, column int) string {
	var b strings.Builder
	at := 1
	for _, r := range line {
		if at >= column {
			break
		}
		at++
		switch {
		case r == '\t':
			b.WriteByte('\t')
		case isWide(r):
			b.WriteString("  ")
		default:
			b.WriteByte(' ')
		}
	}
	return b.String() + "^"
}

// isWide tells whether terminals draw r over two cells: CJK, Hangul, full-width forms and pictographs.
func isWide(r rune) bool {
	return r >= 0x1100 && r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 ||
		r >= 0x1f300 && r <= 0x1faff || r >= 0x20000 && r <= 0x3fffd
}

// JSON renders the problems as {"problems":[...]}.
func (ps Problems) JSON() ([]byte, error) {
	if ps == nil {
		ps = Problems{}
	}
	return json.MarshalIndent(map[string]any{"problems": ps}, "", "  ")
}
