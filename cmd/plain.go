package cmd

import (
	"io"
	"strings"
	"unicode"
)

// plainWriter writes text that strangers had a hand in: names, comments, errors of services. What would steer the
// terminal or turn its direction of writing shows as �; line ends and tabs stay. Each Write must be whole characters.
type plainWriter struct{ to io.Writer }

// Write implements io.Writer.
func (w plainWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.to, plain(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// plain makes text harmless to a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// line makes text one line, for a cell of a table.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }
