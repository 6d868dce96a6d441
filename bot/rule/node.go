package rule

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/internal/near"
)

// decoder reads one file. It reports every mistake and goes on.
type decoder struct {
	*loader
	file string
	dir  string
	text text
	vars map[string]any
	rule string // the id of the rule being read
}

// report adds a problem at a place, with the id of the rule in front.
func (d *decoder) report(s Severity, at place, format string, args ...any) {
	if d.rule != "" {
		format, args = "rule %q: "+format, append([]any{d.rule}, args...)
	}
	d.add(s, at, format, args...)
}

// add adds a problem whose message says itself what it is about.
func (d *decoder) add(s Severity, at place, format string, args ...any) {
	d.note(Problem{
		File: d.file, Line: at.line, Column: at.column, Severity: s, Rule: d.rule,
		Message: fmt.Sprintf(format, args...), Source: d.sourceLine(at.line),
	})
}

// sourceLine is a line to show with a problem; "" when it is too long for people to look at.
func (d *decoder) sourceLine(n int) string {
	const longest = 500
	if n < 1 || n > len(d.text) || len(d.text[n-1]) > longest {
		return ""
	}
	return d.text.line(n)
}

func at(n *yaml.Node) place { return place{n.Line, n.Column} }

func (d *decoder) errorf(n *yaml.Node, format string, args ...any) {
	d.report(Error, at(n), format, args...)
}

func (d *decoder) warnf(n *yaml.Node, format string, args ...any) {
	d.report(Warning, at(n), format, args...)
}

// resolve follows an alias.
func (d *decoder) resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// pair is a key of a mapping with its value.
type pair struct{ key, value *yaml.Node }

// mapping reads a mapping, refusing duplicate keys.
func (d *decoder) mapping(n *yaml.Node, what string) []pair {
	n = d.resolve(n)
	if n.Kind != yaml.MappingNode {
		d.errorf(n, "%s must be a mapping, got %s", what, kindOf(n))
		return nil
	}
	var pairs []pair
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], d.resolve(n.Content[i+1])
		if k.Kind != yaml.ScalarNode {
			d.errorf(k, "a key of %s must be text, got %s", what, kindOf(k))
			continue
		}
		if k.Tag == "!!merge" {
			d.errorf(k, "merging with << is not part of the language; write the keys out")
			continue
		}
		if line, twice := seen[k.Value]; twice {
			d.errorf(k, "duplicate key %q (first at line %d)", k.Value, line)
			continue
		}
		seen[k.Value] = k.Line
		pairs = append(pairs, pair{k, v})
	}
	return pairs
}

// key is one key of the language: its place in the decoder and in the JSON Schema.
type key struct {
	name     string
	doc      string
	schema   func() schema
	required bool
	decode   func(d *decoder, n *yaml.Node)
}

// object reads a mapping by a table of keys, in the table's order.
func (d *decoder) object(n *yaml.Node, what string, keys []key) {
	pairs := d.mapping(n, what)
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	for _, p := range pairs {
		if !slices.Contains(names, p.key.Value) {
			d.unknown(p.key, names)
		}
	}
	if n = d.resolve(n); n.Kind != yaml.MappingNode {
		return
	}
	for _, k := range keys {
		i := slices.IndexFunc(pairs, func(p pair) bool { return p.key.Value == k.name })
		if i >= 0 {
			k.decode(d, pairs[i].value)
		} else if k.required {
			d.errorf(n, "%s has no %q", what, k.name)
		}
	}
}

func (d *decoder) unknown(n *yaml.Node, names []string) {
	if best := near.Best(n.Value, names); best != "" {
		d.errorf(n, "unknown field %q (did you mean %q?)", n.Value, best)
		return
	}
	d.errorf(n, "unknown field %q; fields: %s", n.Value, strings.Join(names, ", "))
}

// kindOf names what a node is.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		switch n.Tag {
		case "!!null":
			return "nothing"
		case "!!str":
			return "text"
		case "!!int", "!!float":
			return "a number"
		case "!!bool":
			return "true or false"
		}
	}
	return n.Tag
}

// isText tells whether a node is a scalar that may be read as text; numbers may where unquoted text is natural.
func (d *decoder) isText(n *yaml.Node, what string) bool {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		d.errorf(n, "%s: YAML takes %q for a tag; put quotes around the whole expression", what, n.Tag)
		return false
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		hint := ""
		if n.Style&yaml.FlowStyle != 0 {
			hint = "; put quotes around an expression that begins with [ or {"
		}
		d.errorf(n, "%s must be text, got %s%s", what, kindOf(n), hint)
		return false
	}
	return true
}

// boolean reads true or false.
func (d *decoder) boolean(n *yaml.Node, what string) bool {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!bool" {
		return strings.EqualFold(n.Value, "true")
	}
	d.errorf(n, "%s must be true or false, got %s", what, kindOf(n))
	return false
}

// count reads a whole number in a range.
func (d *decoder) count(n *yaml.Node, what string, least, most int) int {
	v, err := strconv.Atoi(n.Value)
	if !d.isClear(n, what) {
		return least
	}
	if n.Tag != "!!int" || err != nil || v < least || v > most {
		d.errorf(n, "%s must be a whole number from %d to %d, got %s", what, least, most, shown(n))
		return least
	}
	return v
}

// number reads a number of at least least.
func (d *decoder) number(n *yaml.Node, what string, least float64) float64 {
	v, err := strconv.ParseFloat(n.Value, 64)
	if !d.isClear(n, what) {
		return least
	}
	if n.Tag != "!!int" && n.Tag != "!!float" || err != nil || math.IsInf(v, 0) || math.IsNaN(v) || v < least {
		d.errorf(n, "%s must be a number of at least %v, got %s", what, least, shown(n))
		return least
	}
	return v
}

var days = regexp.MustCompile(`^(\d{1,4})d$`)

// duration reads a time such as 90s, 5m, 1h30m or 7d.
func (d *decoder) duration(n *yaml.Node, what string) time.Duration {
	v, ok := parseDuration(n)
	if !ok || v <= 0 {
		d.errorf(n, "%s must be a time such as 90s, 5m or 1h, got %s", what, shown(n))
		return time.Second
	}
	return v
}

// wait is a duration that may be none.
func (d *decoder) wait(n *yaml.Node, what string) time.Duration {
	v, ok := parseDuration(n)
	if !ok {
		d.errorf(n, "%s must be a time such as 0s, 5s or 1m, got %s", what, shown(n))
	}
	return v
}

func parseDuration(n *yaml.Node) (time.Duration, bool) {
	s := n.Value
	if m := days.FindStringSubmatch(s); m != nil {
		count, err := strconv.Atoi(m[1])
		if err == nil {
			s = fmt.Sprintf("%dh", 24*count)
		}
	}
	v, err := time.ParseDuration(s)
	hasUnit := !strings.HasSuffix(s, "0") // all but 0 must have one, so that one form of it is enough
	return v, err == nil && n.Kind == yaml.ScalarNode && hasUnit && !strings.HasPrefix(s, "-")
}

func shown(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		return strconv.Quote(n.Value)
	}
	return kindOf(n)
}

// list reads a list, or a single value as a list of one.
func (d *decoder) list(n *yaml.Node) []*yaml.Node {
	n = d.resolve(n)
	if n.Kind != yaml.SequenceNode {
		return []*yaml.Node{n}
	}
	items := make([]*yaml.Node, 0, len(n.Content))
	for _, c := range n.Content {
		items = append(items, d.resolve(c))
	}
	return items
}

// value reads anything: text, numbers, bool, lists and maps of them, null.
func (d *decoder) value(n *yaml.Node, what string) any {
	switch n = d.resolve(n); n.Kind {
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range d.list(n) {
			list = append(list, d.value(c, what))
		}
		return list
	case yaml.MappingNode:
		m := map[string]any{}
		for _, p := range d.mapping(n, what) {
			m[p.key.Value] = d.value(p.value, what)
		}
		return m
	}
	return d.scalar(n, what)
}

// unclear is a number that the versions of YAML read in different ways: 010 is 8 or 10, and 1_000 is a number or text.
var unclear = regexp.MustCompile(`^[-+]?0[0-9_]+$|_`)

// isClear tells whether a number is the same to everybody.
func (d *decoder) isClear(n *yaml.Node, what string) bool {
	if (n.Tag != "!!int" && n.Tag != "!!float") || !unclear.MatchString(n.Value) {
		return true
	}
	d.errorf(n, "%s: YAML has two readings of the number %s; write it without leading zeros and _, or as text in quotes",
		what, n.Value)
	return false
}

func (d *decoder) scalar(n *yaml.Node, what string) any {
	d.isClear(n, what)
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			d.errorf(n, "%s: %v", what, errors.Unwrap(err))
		}
		return v
	case "!!str", "!!timestamp", "!!merge":
		return n.Value
	}
	d.isText(n, what)
	return n.Value
}
