package expr

import (
	"strings"
	"unicode/utf8"
)

// part is a piece of a template: literal text, or the inside of ${{ }}.
type part struct {
	text string
	at   int // where text begins, in code points
	expr bool
}

const (
	opening = "${{"
	closing = "}}"
)

// scan cuts a template into its parts. It knows CEL's strings, comments and brackets, so that a }} inside them does not
// end an expression.
func scan(s string) ([]part, error) {
	var parts []part
	at := 0
	for {
		before, rest, found := strings.Cut(s, opening)
		if before != "" || !found {
			parts = append(parts, part{text: before, at: at})
		}
		if !found {
			return parts, nil
		}
		at += utf8.RuneCountInString(before)
		end := expressionEnd(rest)
		if end < 0 {
			return nil, Issues{{Offset: at, Message: "${{ is not closed by }}"}}
		}
		at += len(opening)
		parts = append(parts, part{text: rest[:end], at: at, expr: true})
		at += utf8.RuneCountInString(rest[:end]) + len(closing)
		if s = rest[end+len(closing):]; s == "" {
			return parts, nil
		}
	}
}

// expressionEnd is the index of the }} that ends the expression at the start of s, -1 when there is none.
func expressionEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '(', '[', '{':
			depth++
		case ')', ']':
			depth--
		case '}':
			if depth <= 0 && strings.HasPrefix(s[i:], closing) {
				return i
			}
			depth--
		case '/':
			if strings.HasPrefix(s[i:], "//") {
				i = lineEnd(s, i)
			}
		case '"', '\'':
			i = stringEnd(s, i)
		}
	}
	return -1
}

// lineEnd is the end of the comment at i. A comment on the last line ends before the }} that closes the expression.
func lineEnd(s string, i int) int {
	n := strings.IndexByte(s[i:], '\n')
	if n >= 0 {
		return i + n
	}
	if end := strings.Index(s[i:], closing); end >= 0 {
		return i + end - 1
	}
	return len(s)
}

// stringEnd is the index of the last byte of the string literal whose quote is at i.
func stringEnd(s string, i int) int {
	quote := s[i : i+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s[i:], triple) {
		quote = triple
	}
	raw := isRaw(s[:i])
	for j := i + len(quote); j < len(s); j++ {
		switch {
		case s[j] == '\\' && !raw:
			j++
		case strings.HasPrefix(s[j:], quote):
			return j + len(quote) - 1
		}
	}
	return len(s)
}

// isRaw tells whether what stands before a quote makes the string raw: r, R, and either order with b.
func isRaw(before string) bool {
	prefix := strings.ToLower(before[max(0, len(before)-2):])
	if len(prefix) == 2 && (prefix == "br" || prefix == "rb") {
		return true
	}
	if !strings.HasSuffix(prefix, "r") {
		return false
	}
	return len(prefix) == 1 || !isWord(prefix[0])
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// soleExpression returns the one expression that a template consists of, apart from space around it.
func soleExpression(parts []part) (src string, at int, ok bool) {
	for _, p := range parts {
		switch {
		case p.expr && ok:
			return "", 0, false
		case p.expr:
			src, at, ok = p.text, p.at, true
		case strings.TrimSpace(p.text) != "":
			return "", 0, false
		}
	}
	return src, at, ok
}
