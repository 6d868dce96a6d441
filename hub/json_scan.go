package hub

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// ValidJSON tells whether body is one JSON value, as [encoding/json.Valid] does, but however deep it is nested.
func ValidJSON(body []byte) bool {
	_, ok := measureJSON(body)
	return ok
}

// measureJSON tells whether body is one JSON value, and how many objects and arrays are inside each other at most.
func measureJSON(body []byte) (depth int, ok bool) {
	s := jsonScan{text: body}
	s.open = s.room[:0]
	for s.value() {
		if more, ok := s.ended(); !more {
			return s.depth, ok
		}
	}
	return 0, false
}

// jsonScan reads JSON from the front. It keeps the open brackets itself, since a stranger's body may have as many of them
// as bytes.
type jsonScan struct {
	text  []byte
	at    int
	open  []byte
	depth int
	room  [64]byte // for open, as far as nearly all bodies need it
}

// value reads a value, or the opening brackets and the first key of one that is not empty until a scalar or an empty
// object or array. It returns false when there is none.
func (s *jsonScan) value() bool {
	for {
		s.space()
		switch c := s.peek(); c {
		case '{', '[':
			s.at++
			s.open = append(s.open, c)
			s.depth = max(s.depth, len(s.open))
			s.space()
			if s.peek() == closing(c) {
				s.at++
				s.open = s.open[:len(s.open)-1]
				return true
			}
			if c == '{' && !s.key() {
				return false
			}
		case '"':
			return s.string()
		case 't':
			return s.word("true")
		case 'f':
			return s.word("false")
		case 'n':
			return s.word("null")
		default:
			return s.number()
		}
	}
}

// ended goes on behind a value: to the next one, when more is true, or to the end of the text, which ok says is right.
func (s *jsonScan) ended() (more, ok bool) {
	for {
		s.space()
		if len(s.open) == 0 {
			return false, s.at == len(s.text)
		}
		switch in := s.open[len(s.open)-1]; s.peek() {
		case ',':
			s.at++
			ok := in == '[' || s.key()
			return ok, ok
		case closing(in):
			s.at++
			s.open = s.open[:len(s.open)-1]
		default:
			return false, false
		}
	}
}

// key reads a key of an object and the colon behind it.
func (s *jsonScan) key() bool {
	s.space()
	if s.peek() != '"' || !s.string() {
		return false
	}
	s.space()
	return s.word(":")
}

// peek is the next byte; 0, which JSON has nowhere, at the end.
func (s *jsonScan) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *jsonScan) space() {
	for s.at < len(s.text) && isSpace(s.text[s.at]) {
		s.at++
	}
}

func (s *jsonScan) word(w string) bool {
	if len(s.text)-s.at < len(w) || string(s.text[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

// string reads a string. Like encoding/json it lets bytes pass that are no UTF-8.
func (s *jsonScan) string() bool {
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return true
		case c < ' ':
			return false
		case c == '\\':
			if s.at++; !s.escape() {
				return false
			}
		}
	}
	return false
}

// escape reads what is behind a backslash, up to its last byte.
func (s *jsonScan) escape() bool {
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			s.at++
			if !isHex(s.peek()) {
				return false
			}
		}
		return true
	}
	return false
}

func (s *jsonScan) number() bool {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		if s.at++; !s.digits() {
			return false
		}
	}
	if c := s.peek(); c != 'e' && c != 'E' {
		return true
	}
	s.at++
	if c := s.peek(); c == '+' || c == '-' {
		s.at++
	}
	return s.digits()
}

func (s *jsonScan) digits() bool {
	from := s.at
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > from
}

func closing(bracket byte) byte { return bracket + 2 } // of '{' and of '['

// trimJSON is text without the space around it.
func trimJSON(text []byte) []byte { return bytes.Trim(text, " \n\t\r") }

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// The functions below read JSON that is known to be valid.

// eachMember gives the members of a JSON object, in their order and as they are written: the key with its quotes.
func eachMember(object []byte, member func(key, value []byte)) {
	s := jsonScan{text: object, at: 1}
	for s.within('}') {
		key := s.skip()
		s.space()
		s.at++ // the colon
		s.space()
		member(key, s.skip())
	}
}

// eachItem gives the items of a JSON array.
func eachItem(array []byte, item func(value []byte)) {
	s := jsonScan{text: array, at: 1}
	for s.within(']') {
		item(s.skip())
	}
}

// within goes to the next entry of an object or array; false when there is none.
func (s *jsonScan) within(end byte) bool {
	for s.space(); s.text[s.at] == ','; s.space() {
		s.at++
	}
	return s.text[s.at] != end
}

// skip reads a value and returns it as it is written.
func (s *jsonScan) skip() []byte {
	from, depth := s.at, 0
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			s.skipString()
		case c == '{' || c == '[':
			depth++
			s.at++
		case c == '}' || c == ']':
			depth--
			s.at++
		case depth > 0:
			s.at++
			continue
		default:
			s.skipScalar()
		}
		if depth == 0 {
			break
		}
	}
	return s.text[from:s.at:s.at]
}

func (s *jsonScan) skipString() {
	for from := s.at + 1; ; {
		from += bytes.IndexByte(s.text[from:], '"') + 1
		slashes := 0
		for s.text[from-2-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 { // each stands for a slash, none for the quote
			s.at = from
			return
		}
	}
}

// skipScalar reads a number or a word.
func (s *jsonScan) skipScalar() {
	for s.at < len(s.text) {
		if c := s.text[s.at]; c == ',' || c == '}' || c == ']' || isSpace(c) {
			return
		}
		s.at++
	}
}

// findMember is the last member of an object with a name, as it is written; nil when there is none, or raw is no object.
func findMember(raw []byte, name string) (found []byte) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	eachMember(raw, func(key, value []byte) {
		if string(unquoted(key)) == name || jsonText(key) == name {
			found = value
		}
	})
	return found
}

// unquoted is what is between the quotes of a string, as it is written.
func unquoted(text []byte) []byte { return text[1 : len(text)-1] }

// jsonText is what a string says. Most are written as they are, which saves the decoder for each.
func jsonText(raw []byte) (text string) {
	if bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return string(unquoted(raw))
	}
	_ = json.Unmarshal(raw, &text) // a valid string always has a text
	return text
}
