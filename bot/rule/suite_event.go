package rule

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/hub"
)

// event reads the payload of a test from a file or from the node itself.
func (d *decoder) event(n *yaml.Node) []byte {
	var body []byte
	var err error
	in := d // what the payload is written in
	switch n = d.resolve(n); {
	case n.Kind == yaml.MappingNode:
		body, err = json.Marshal(d.value(n, "event"))
	case d.isText(n, "event"):
		name := filepath.Join(d.dir, n.Value)
		body, err = readFile(name)
		in = &decoder{loader: d.loader, file: name, text: splitText(body)}
	default:
		return nil
	}
	if err != nil {
		d.errorf(n, "event: %v", err)
		return nil
	}
	p, err := hub.ParsePayload(body)
	if err != nil {
		d.errorf(n, "event is no payload: %v", err)
		return nil
	}
	written := n
	if in != d {
		written = nodeOf(body)
	}
	if in.fit(body, written) && p.Event.Scope == "" {
		d.errorf(n, "event is no payload: it has no event.scope")
	}
	return body
}

// nodeOf reads JSON as the YAML that nearly all JSON is, for the places of what it holds. An empty node when it is none.
func nodeOf(body []byte) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal(body, &doc); err != nil || len(doc.Content) != 1 {
		return &yaml.Node{Line: 1, Column: 1}
	}
	return doc.Content[0]
}

// fit reports what in a payload, written at a node, would not be read as it is meant, and tells whether all is.
func (d *decoder) fit(body []byte, n *yaml.Node) bool {
	var payload map[string]any
	err := json.Unmarshal(body, &payload)
	var found []expr.Misfit
	if err == nil {
		found, err = expr.Misfits(payload)
	}
	if err != nil {
		d.errorf(n, "event is no payload: %v", err)
		return false
	}
	for _, m := range found {
		place := d.follow(n, m.Path)
		if m.Near != "" {
			d.errorf(place.key, "event: unknown field %q (did you mean %q?)", pathText(m.Path), m.Near)
			continue
		}
		hint := ""
		if m.Want == "text" && m.Got == "a number" {
			hint = "; put quotes around it"
		}
		d.errorf(place.value, "event: %s must be %s, got %s%s", pathText(m.Path), m.Want, m.Got, hint)
	}
	return len(found) == 0
}

// follow finds the key and the value at a path below a node, or as far on the way there as it gets.
func (d *decoder) follow(n *yaml.Node, path []any) pair {
	found := pair{n, n}
	for _, step := range path {
		in := found.value
		switch step := step.(type) {
		case int:
			if step < len(in.Content) {
				found = pair{in.Content[step], d.resolve(in.Content[step])}
			}
		case string:
			for i := 0; i+1 < len(in.Content); i += 2 {
				if in.Content[i].Value == step {
					found = pair{in.Content[i], d.resolve(in.Content[i+1])}
				}
			}
		}
	}
	return found
}

// pathText writes a path as an expression does: updatedRefs[0].ref.
func pathText(path []any) string {
	var b strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step)
		}
	}
	return b.String()
}
