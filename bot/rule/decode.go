package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

var (
	ruleID   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	nameForm = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)
	// misread is an expression without quotes that YAML takes for something else.
	misread = regexp.MustCompile("^\\s*(?:- )?(?:if|key):\\s+([!\\[{&*@%`'\"]|[^'\"|>].*: )")
)

// draft is a rule while it is being checked: what Rule keeps, and the nodes it came from.
type draft struct {
	*decoder
	rule  *Rule
	node  *yaml.Node
	exprs ruleNodes
	steps []*stepDraft
}

// ruleNodes are where the expressions of a rule stand; nil where there is none.
type ruleNodes struct {
	on, refs, paths, cond  *yaml.Node
	once                   []*yaml.Node
	debounce, group, rate  *yaml.Node
	tags, deleted, command *yaml.Node
}

// defaults are what steps inherit.
type defaults struct {
	timeout time.Duration
	retry   retry
	dryRun  bool
}

type retry struct {
	max     int
	backoff time.Duration
	factor  float64
}

// baseDefaults hold where a file says nothing: three retries after 5 s, 10 s and 20 s.
func baseDefaults() defaults {
	return defaults{retry: retry{max: 3, backoff: 5 * time.Second, factor: 2}}
}

// file decodes one file into drafts.
func (l *loader) file(name string, src []byte) {
	d := &decoder{loader: l, file: name, dir: filepath.Dir(name), text: splitText(src)}
	if !d.checkCharacters(src) {
		return
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(src))
	if err := dec.Decode(&doc); err != nil {
		d.syntaxError(err)
		return
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		d.report(Error, place{1, 1}, "a rule file is one YAML document; take out the --- between documents")
		return
	}
	if !d.checkAliases(&doc) {
		return
	}
	base := baseDefaults()
	var rules *yaml.Node
	d.object(doc.Content[0], "a rule file", fileKeys(&base, &rules))
	if rules == nil {
		return
	}
	if rules = d.resolve(rules); rules.Kind != yaml.SequenceNode {
		d.errorf(rules, "rules must be a list, got %s", kindOf(rules))
		return
	}
	list := d.list(rules)
	for i, n := range list {
		next := len(d.text) + 1
		if i+1 < len(list) {
			next = list[i+1].Line
		}
		d.decodeRule(n, base, next)
	}
}

// syntaxError reports what the YAML parser says, with a hint for the commonest cause.
func (d *decoder) syntaxError(err error) {
	if errors.Is(err, io.EOF) {
		holds := "rules"
		if isTestFile(d.file) {
			holds = "tests"
		}
		d.report(Error, place{1, 1}, "the file is empty; it needs a list of %s", holds)
		return
	}
	message := err.Error()
	where := place{1, 1}
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			where.line = n
		}
		message = strings.TrimPrefix(message, m[0])
	}
	message = "YAML: " + strings.TrimPrefix(message, "yaml: ")
	if at, ok := d.misreadExpression(message, where.line); ok {
		where = at
		message += "; put quotes around the whole expression"
	} else {
		message += d.syntaxHint(message, where.line)
	}
	d.report(Error, where, "%s", message)
}

// tabbed is a line with a tab where YAML wants spaces: in the indentation, or behind the dash of a list.
var tabbed = regexp.MustCompile(`^ *(- *)*\t`)

// syntaxHint says what to do about mistakes that the parser names in words of its own.
func (d *decoder) syntaxHint(message string, line int) string {
	switch {
	case tabbed.MatchString(d.text.line(line)):
		return "; YAML wants spaces where this line begins with a tab"
	case strings.Contains(message, "incompatible YAML document"):
		return "; take the line with %YAML out"
	}
	return ""
}

// unknownAnchor is what the parser says of *x without saying where.
var unknownAnchor = regexp.MustCompile(`unknown anchor '([^']*)' referenced`)

// misreadExpression finds an expression without quotes that is the cause of what the parser says: at its line or the one
// before, else on a line that is no YAML by itself, for the parser often names the line where the surrounding list began.
func (d *decoder) misreadExpression(message string, line int) (place, bool) {
	alias := ""
	if m := unknownAnchor.FindStringSubmatch(message); m != nil {
		alias = "*" + m[1]
	}
	for n := line; n >= max(1, line-1) && alias == ""; n-- {
		if col := unquoted(d.text.line(n)); col > 0 {
			return place{n, col}, true
		}
	}
	for n := range d.text {
		text := d.text.line(n + 1)
		col := unquoted(text)
		if col == 0 {
			continue
		}
		value := string(d.text[n][col-1:])
		if q := value[:1]; (q == `"` || q == "'") && strings.Count(value, q)%2 == 1 {
			continue // the quotes close on a later line
		}
		if alias != "" && strings.HasPrefix(value, alias) || alias == "" && yaml.Unmarshal([]byte("if: "+value), new(yaml.Node)) != nil {
			return place{n + 1, col}, true
		}
	}
	return place{}, false
}

// checkCharacters refuses what is no text in UTF-8, with its place, which the parser does not tell.
func (d *decoder) checkCharacters(src []byte) bool {
	valid := utf8.Valid(src)
	for n, line := range d.text {
		for col, r := range line {
			switch {
			case r == utf8.RuneError && !valid:
				d.report(Error, place{n + 1, col + 1}, "this is no UTF-8; save the file as UTF-8")
				return false
			case r < ' ' && r != '\t' || r == 0x7f:
				d.report(Error, place{n + 1, col + 1},
					"YAML: the control character %U is not allowed; in double quotes it may be written as \\x%02x", r, r)
				return false
			}
		}
	}
	return true
}

// unquoted is the column of an expression that YAML misreads, 0 when the line has none.
func unquoted(line string) int {
	m := misread.FindStringSubmatchIndex(line)
	if m == nil {
		return 0
	}
	return len([]rune(line[:m[2]])) + 1
}

func fileKeys(base *defaults, rules **yaml.Node) []key {
	return []key{
		{
			name: "version", doc: "Version of the language; 1.", schema: versionSchema,
			decode: func(d *decoder, n *yaml.Node) {
				if n.Value != "1" {
					d.errorf(n, "version must be 1, got %s", shown(n))
				}
			},
		},
		{
			name: "vars", doc: "Constants, read as vars.name.", schema: mapSchema,
			decode: func(d *decoder, n *yaml.Node) { d.decodeVars(n) },
		},
		{
			name: "defaults", doc: "What any rule or step may override.",
			schema: objectSchema(func() []key { return defaultKeys(&defaults{}) }),
			decode: func(d *decoder, n *yaml.Node) { d.object(n, "defaults", defaultKeys(base)) },
		},
		{
			name: "rules", doc: "The rules.", required: true, schema: listSchema(ruleSchema),
			decode: func(_ *decoder, n *yaml.Node) { *rules = n },
		},
	}
}

func (d *decoder) decodeVars(n *yaml.Node) {
	d.vars = map[string]any{}
	for _, p := range d.mapping(n, "vars") {
		if !nameForm.MatchString(p.key.Value) {
			d.errorf(p.key, "the name of a variable must match %s", nameForm)
			continue
		}
		d.vars[p.key.Value] = d.value(p.value, "vars."+p.key.Value)
	}
}

func defaultKeys(v *defaults) []key {
	return []key{
		{
			name: "timeout", doc: "How long an attempt of a step may take.", schema: durationSchema,
			decode: func(d *decoder, n *yaml.Node) { v.timeout = d.duration(n, "timeout") },
		},
		{
			name: "retry", doc: "How a step of an idempotent action is tried again.",
			schema: objectSchema(func() []key { return retryKeys(&retry{}) }),
			decode: func(d *decoder, n *yaml.Node) { d.object(n, "retry", retryKeys(&v.retry)) },
		},
		{
			name: "dry_run", doc: "Run the steps without their effects.", schema: boolSchema,
			decode: func(d *decoder, n *yaml.Node) { v.dryRun = d.boolean(n, "defaults.dry_run") },
		},
	}
}

func retryKeys(v *retry) []key {
	return []key{
		{
			name: "max", doc: "Attempts after the first.", schema: intSchema,
			decode: func(d *decoder, n *yaml.Node) { v.max = d.count(n, "retry.max", 0, 100) },
		},
		{
			name: "backoff", doc: "The wait before the first of them, with jitter.", schema: durationSchema,
			decode: func(d *decoder, n *yaml.Node) { v.backoff = d.wait(n, "retry.backoff") },
		},
		{
			name: "factor", doc: "What each wait is multiplied by for the next.", schema: numberSchema,
			decode: func(d *decoder, n *yaml.Node) { v.factor = d.number(n, "retry.factor", 1) },
		},
	}
}

// decodeRule reads one rule; the next begins at a line. Its id comes first, so that every message can name it.
func (d *decoder) decodeRule(n *yaml.Node, base defaults, next int) {
	r := &Rule{File: d.file, Line: n.Line, Dir: d.dir, Vars: d.vars, DryRun: base.dryRun}
	own := *d
	own.rule = idOf(n)
	dr := &draft{decoder: &own, rule: r, node: n}
	own.object(n, "a rule", ruleKeys(dr, base))
	if r.ID != "" {
		dr.unique()
	}
	r.Hash = d.hash(n)
	d.keepSource(r, next)
	d.drafts = append(d.drafts, dr)
}

// idOf finds the id of a rule before the rule is decoded.
func idOf(n *yaml.Node) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "id" && ruleID.MatchString(n.Content[i+1].Value) {
			return n.Content[i+1].Value
		}
	}
	return ""
}

func (dr *draft) unique() {
	if first, ok := dr.ids[dr.rule.ID]; ok {
		where := fmt.Sprintf("line %d", first.rule.Line)
		if first.file != dr.file {
			where = fmt.Sprintf("%s:%d", first.file, first.rule.Line)
		}
		id := valueNode(dr.node, "id")
		dr.add(Error, at(dr.node), "duplicate rule id %q (first at %s)", id.Value, where)
		return
	}
	dr.ids[dr.rule.ID] = dr
}

// valueNode returns the value of a key; the key must be there.
func valueNode(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return n
}
