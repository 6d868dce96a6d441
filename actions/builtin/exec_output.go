package builtin

import (
	"regexp"
	"strings"
	"unicode"
)

// head keeps the beginning of what is written to it.
type head struct {
	limit int
	kept  []byte
	lost  bool
}

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	room := min(len(p), h.limit-len(h.kept))
	h.kept = append(h.kept, p[:room]...)
	h.lost = h.lost || room < len(p)
	return len(p), nil
}

// text is what was kept.
func (h *head) text() string { return string(h.kept) }

// tail keeps the end of what is written to it.
type tail struct {
	limit int
	kept  []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[max(0, len(p)-t.limit):]...)
	if over := len(t.kept) - t.limit; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

// text is what was kept.
func (t *tail) text() string { return string(t.kept) }

// escapeSequence is what moves the cursor of a terminal, colours it or sets its title: CSI, OSC and other sequences of
// ECMA-48.
var escapeSequence = regexp.MustCompile("\x1b(?:" + `\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]|` +
	`\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[\x20-\x2f]*[\x30-\x7e]` + ")?")

// plainText is text of strangers without what a terminal would obey: escape sequences, and control characters other than
// line ends and tabs, those of the direction of writing included. It is valid UTF-8.
func plainText(text string) string {
	text = escapeSequence.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
}
