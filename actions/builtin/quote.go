package builtin

import (
	"regexp"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

// Bounds of a quotation.
const (
	quotedLines = 6
	quotedRunes = 600
)

// mention is what notifies an account.
var mention = regexp.MustCompile(`@([A-Za-z0-9])`)

// defuse keeps text from notifying the accounts it names: a word joiner, which is not to be seen, parts the @ from the
// name.
func defuse(text string) string { return mention.ReplaceAllString(text, "@\u2060$1") }

// quotation is the beginning of a comment as Markdown quotes it. It notifies nobody, and holds no HTML comment, which
// might hide what follows or look like a marker.
func quotation(e *hub.DiscussionEvent) string {
	if e.Hidden || strings.TrimSpace(e.Content) == "" {
		return "> *(hidden)*"
	}
	text := visible(e.Content)
	cut := false
	if runes := []rune(text); len(runes) > quotedRunes {
		text, cut = string(runes[:quotedRunes]), true
	}
	lines := strings.Split(text, "\n")
	if len(lines) > quotedLines {
		lines, cut = lines[:quotedLines], true
	}
	if cut {
		lines[len(lines)-1] += " …"
	}
	return "> " + defuse(strings.Join(lines, "\n> "))
}

// htmlComment is a comment that HTML, and so Markdown, does not show.
var htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)

// visible is text without HTML comments and carriage returns.
func visible(text string) string {
	text = htmlComment.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), "")
	return strings.TrimSpace(strings.ReplaceAll(text, "<!--", "&lt;!--"))
}

// codeSpan shows text of a stranger, such as a file name, as it is on one line of Markdown or a table: in a code span
// that it cannot leave.
func codeSpan(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '`' || r == '|' || r >= 0x80 && r < 0xa0 ||
			r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if strings.Trim(text, " ") == "" {
		return "` `"
	}
	return "`" + text + "`"
}
