package builtin

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// card is a README.md in its parts: what comes before the front matter's text, the text itself, and the rest with the
// closing line. Together they are the file byte by byte.
type card struct {
	before, front, after string
	newline              string         // the file's own end of a line
	metadata             map[string]any // the front matter decoded; empty when there is none
	broken               error          // why the front matter is no YAML mapping
}

const utf8BOM = "\ufeff"

var (
	frontBegin = regexp.MustCompile(`^(?:\x{feff})?---[ \t]*\r?\n`)
	frontEnd   = regexp.MustCompile(`(?m)^---[ \t]*\r?$`)
)

// parseCard takes a card apart.
func parseCard(text string) *card {
	c := &card{after: text, newline: "\n", metadata: map[string]any{}}
	if i := strings.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		c.newline = "\r\n"
	}
	begin := frontBegin.FindString(text)
	if begin == "" {
		return c
	}
	end := frontEnd.FindStringIndex(text[len(begin):])
	if end == nil {
		c.broken = errors.New("the front matter begins with --- and never ends")
		return c
	}
	c.before, c.front, c.after = begin, text[len(begin):len(begin)+end[0]], text[len(begin)+end[0]:]
	c.metadata, c.broken = decodeFront(c.front)
	return c
}

// decodeFront decodes front matter.
func decodeFront(front string) (map[string]any, error) {
	metadata := map[string]any{}
	if err := yaml.Unmarshal([]byte(front), &metadata); err != nil {
		return map[string]any{}, fmt.Errorf("the front matter is no YAML mapping: %w", err)
	}
	if metadata == nil {
		metadata = map[string]any{}
	}
	return metadata, nil
}

// prose is the card's text without the front matter, and without HTML comments, which nobody sees.
func (c *card) prose() string {
	text := c.after
	if c.before != "" {
		_, text, _ = strings.Cut(c.after, "\n")
	}
	return strings.TrimSpace(htmlComment.ReplaceAllString(strings.TrimPrefix(text, utf8BOM), ""))
}

// keyPattern is a key that a patch may write without thinking about quotes.
var keyPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// patch returns the card with keys of its front matter set, or removed where the value is nil. Everything else stays
// byte by byte as it is: order, comments, quotes. What it made is decoded again and compared before it is believed.
func (c *card) patch(keys []string, values map[string]any) (string, error) {
	if c.broken != nil {
		return "", c.broken
	}
	front := c.front
	for _, key := range keys {
		if !keyPattern.MatchString(key) {
			return "", fmt.Errorf("patch: %q is no key of a card", key)
		}
		var err error
		if front, err = setKey(front, key, values[key], c.newline); err != nil {
			return "", fmt.Errorf("patch: %s: %w", key, err)
		}
	}
	if err := c.verify(front, values); err != nil {
		return "", err
	}
	if c.before == "" {
		bom := ""
		if strings.HasPrefix(c.after, utf8BOM) {
			bom = utf8BOM
		}
		return bom + "---" + c.newline + front + "---" + c.newline + strings.TrimPrefix(c.after, utf8BOM), nil
	}
	return c.before + front + c.after, nil
}

// verify decodes patched front matter and compares it with what it should be.
func (c *card) verify(front string, values map[string]any) error {
	got, err := decodeFront(front)
	if err != nil {
		return fmt.Errorf("patch: the card cannot be changed safely: %w", err)
	}
	for key, want := range values {
		if want == nil {
			if _, there := got[key]; there {
				return fmt.Errorf("patch: the card cannot be changed safely: %s stays", key)
			}
			continue
		}
		if plain, err := throughYAML(want); err != nil || !reflect.DeepEqual(got[key], plain) {
			return fmt.Errorf("patch: the card cannot be changed safely: %s would not read as it was given", key)
		}
	}
	for key, want := range c.metadata {
		if _, patched := values[key]; !patched && !reflect.DeepEqual(got[key], want) {
			return fmt.Errorf("patch: the card cannot be changed safely: %s would change too", key)
		}
	}
	return nil
}

// throughYAML is a value as it reads after it was written.
func throughYAML(value any) (any, error) {
	text, err := yaml.Marshal(value)
	if err != nil {
		return nil, err
	}
	var plain any
	err = yaml.Unmarshal(text, &plain)
	return plain, err
}

// setKey sets or removes one key at the top of front matter.
func setKey(front, key string, value any, newline string) (string, error) {
	first, last, found, err := keyLines(front, key)
	if err != nil {
		return "", err
	}
	written := ""
	if value != nil {
		if written, err = encodeKey(key, value, newline); err != nil {
			return "", err
		}
	}
	lines := strings.SplitAfter(front, "\n")
	if !found {
		if front != "" && !strings.HasSuffix(front, "\n") {
			front += newline
		}
		return front + written, nil
	}
	return strings.Join(lines[:first], "") + written + strings.Join(lines[last:], ""), nil
}

// encodeKey writes one key with its value.
func encodeKey(key string, value any, newline string) (string, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(map[string]any{key: value}); err != nil {
		return "", err
	}
	if err := encoder.Close(); err != nil {
		return "", err
	}
	return strings.ReplaceAll(b.String(), "\n", newline), nil
}

// keyLines finds the lines [first, last) of a key at the top of front matter. Comments and blank lines before the next
// key belong to that.
func keyLines(front, key string) (first, last int, found bool, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(front), &doc); err != nil {
		return 0, 0, false, err
	}
	if len(doc.Content) == 0 {
		return 0, 0, false, nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode || top.Style&yaml.FlowStyle != 0 {
		return 0, 0, false, errors.New("the front matter is no block of keys; change it by hand")
	}
	lines := strings.SplitAfter(front, "\n")
	for i := 0; i < len(top.Content); i += 2 {
		if top.Content[i].Value != key {
			continue
		}
		first, last = top.Content[i].Line-1, len(lines)
		if i+2 < len(top.Content) {
			last = top.Content[i+2].Line - 1
		}
		for last > first+1 && aside(lines[last-1]) {
			last--
		}
		return first, last, true, nil
	}
	return 0, 0, false, nil
}

// aside tells whether a line is blank or a comment that stands at its beginning.
func aside(line string) bool { return strings.TrimSpace(line) == "" || line[0] == '#' }
