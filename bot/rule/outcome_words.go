package rule

import "strings"

// Words says in plain words why the verdict is what it is.
func (o Outcome) Words() string {
	if words := o.reasonWords(); words != "" {
		return words
	}
	return o.Reason
}

// Mark tells whether the clause holds: yes, no, or unknown when what it needs was not looked up.
func (c Clause) Mark() string {
	switch {
	case strings.HasPrefix(c.Got, "not fetched"):
		return "unknown"
	case c.OK:
		return "yes"
	}
	return "no"
}

// Caret is the line that puts ^ under a column of a line, as in the text of a [Problem].
func Caret(line string, column int) string { return caret(line, column) }
