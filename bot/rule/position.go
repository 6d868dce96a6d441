package rule

import (
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// place is a line and column in a file, both from 1, columns in code points.
type place struct{ line, column int }

// text is a file as lines of code points.
type text [][]rune

// lineBreaks are what YAML ends a line at.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

func splitText(src []byte) text {
	lines := strings.Split(lineBreaks.Replace(strings.TrimPrefix(string(src), "\ufeff")), "\n")
	t := make(text, len(lines))
	for i, l := range lines {
		t[i] = []rune(l)
	}
	return t
}

// line returns line n as text, "" outside the file.
func (t text) line(n int) string {
	if n < 1 || n > len(t) {
		return ""
	}
	return string(t[n-1])
}

// cursor walks over the source of one scalar and notes where each code point of its value stands.
type cursor struct {
	text
	line, col int // from 0
	value     []rune
	places    []place
}

// locate maps each code point of a scalar's value to its place in the file; one more entry is the end. What it cannot
// follow (a scalar on the line after its anchor, odd indentation) falls back to the start of the scalar, as it checks
// what it reads against the value.
func (t text) locate(n *yaml.Node) []place {
	value := []rune(n.Value)
	c := &cursor{text: t, line: n.Line - 1, col: n.Column - 1, value: value}
	ok := c.line >= 0 && c.line < len(t)
	if ok {
		c.skipProperties()
		switch {
		case n.Style&yaml.LiteralStyle != 0, n.Style&yaml.FoldedStyle != 0:
			ok = c.block()
		case n.Style&yaml.DoubleQuotedStyle != 0:
			ok = c.flow('"')
		case n.Style&yaml.SingleQuotedStyle != 0:
			ok = c.flow('\'')
		default:
			ok = c.flow(0)
		}
	}
	if !ok || len(c.places) < len(value) {
		return fallback(n, len(value))
	}
	return append(c.places, place{c.line + 1, c.col + 1})
}

// skipProperties moves from an anchor or a tag to the scalar behind it.
func (c *cursor) skipProperties() {
	line := c.text[c.line]
	for c.col < len(line) && (line[c.col] == '&' || line[c.col] == '!') {
		for c.col < len(line) && line[c.col] != ' ' {
			c.col++
		}
		for c.col < len(line) && line[c.col] == ' ' {
			c.col++
		}
	}
}

func fallback(n *yaml.Node, size int) []place {
	places := make([]place, size+1)
	for i := range places {
		places[i] = place{n.Line, n.Column}
	}
	return places
}

// note records that the next code point of the value stands at the cursor.
func (c *cursor) note() { c.places = append(c.places, place{c.line + 1, c.col + 1}) }

// done tells whether the whole value is placed.
func (c *cursor) done() bool { return len(c.places) >= len(c.value) }

// next is the code point of the value that is to be placed.
func (c *cursor) next() rune { return c.value[len(c.places)] }

// flow follows a plain scalar (quote 0) or a quoted one over its lines.
func (c *cursor) flow(quote rune) bool {
	if quote != 0 {
		if c.col >= len(c.text[c.line]) || c.text[c.line][c.col] != quote {
			return false
		}
		c.col++
	}
	for !c.done() {
		line := c.text[c.line]
		if c.col >= len(line) || c.blankRest(quote) {
			if !c.fold() {
				return false
			}
			continue
		}
		r := line[c.col]
		switch {
		case quote == '"' && r == '\\':
			if !c.escape() {
				return false
			}
		case quote == '\'' && r == '\'':
			c.note()
			c.col += 2
		case r == c.next():
			c.note()
			c.col++
		default:
			return false
		}
	}
	return true
}

// blankRest tells whether only space is left on the line, which folding drops.
func (c *cursor) blankRest(quote rune) bool {
	line := c.text[c.line]
	for _, r := range line[c.col:] { // up to the first that is no space: a look at the whole rest each time adds up
		if !unicode.IsSpace(r) {
			return false
		}
	}
	return (quote != 0 || c.col < len(line)) && c.line+1 < len(c.text)
}

// fold crosses line breaks: one is a space in the value, n are n-1 line breaks.
func (c *cursor) fold() bool {
	breaks := 0
	start := place{c.line + 1, c.col + 1}
	for {
		if c.line++; c.line >= len(c.text) {
			return false
		}
		breaks++
		c.col = indent(c.text[c.line])
		if c.col < len(c.text[c.line]) {
			break
		}
	}
	want := []rune{' '}
	if breaks > 1 {
		want = []rune(strings.Repeat("\n", breaks-1))
	}
	for _, r := range want {
		if c.done() || c.next() != r {
			return false
		}
		c.places = append(c.places, start)
	}
	return true
}

// escapeDigits is how many hexadecimal digits follow an escape.
var escapeDigits = map[rune]int{'x': 2, 'u': 4, 'U': 8}

// escape crosses a backslash escape of a double-quoted scalar.
func (c *cursor) escape() bool {
	line := c.text[c.line]
	if c.col+1 >= len(line) { // an escaped line break: nothing in the value
		if c.line++; c.line >= len(c.text) {
			return false
		}
		c.col = indent(c.text[c.line])
		return true
	}
	c.note()
	c.col += 2 + escapeDigits[line[c.col+1]]
	return true
}

// indent counts the space at the start of a line.
func indent(line []rune) int {
	n := 0
	for n < len(line) && (line[n] == ' ' || line[n] == '\t') {
		n++
	}
	return n
}

// block follows a | or > scalar: its lines begin below the header, each after the same indentation.
func (c *cursor) block() bool {
	header := string(c.text[c.line][min(c.col, len(c.text[c.line])):])
	if strings.ContainsAny(header[:min(3, len(header))], "0123456789") {
		return false
	}
	depth := -1
	for !c.done() {
		if c.line++; c.line >= len(c.text) {
			return false
		}
		line := c.text[c.line]
		if depth < 0 && indent(line) < len(line) {
			depth = indent(line)
		}
		c.col = min(max(depth, 0), len(line))
		for c.col < len(line) && !c.done() {
			if line[c.col] != c.next() {
				return false
			}
			c.note()
			c.col++
		}
		if c.done() {
			break
		}
		if r := c.next(); r == '\n' || r == ' ' {
			c.note()
		} else if len(line) > 0 {
			return false
		}
	}
	return true
}
