package expr

import (
	"bytes"
	"encoding/json"
	"fmt"

	"cel.dev/cel-go/common/types/ref"
)

// Event is a delivery's body as expressions see it. It is read-only and may be shared.
type Event struct {
	values map[string]any
	vars   map[string]ref.Val
}

// ParseEvent decodes a body. It fails only when the body is no JSON object.
func ParseEvent(body []byte) (*Event, error) {
	base, err := baseEnv()
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	ev := &Event{vars: make(map[string]ref.Val, len(payloadVariables))}
	if err := dec.Decode(&ev.values); err != nil {
		return nil, fmt.Errorf("decode the payload: %w", err)
	}
	for _, f := range payloadVariables {
		ev.vars[f.name] = base.types.value(f.typ, ev.values[f.name])
	}
	return ev, nil
}

// tags are the repository's tags where the payload has them, as deliveries of before March 2026 do.
func (ev *Event) tags() (any, bool) {
	repo, _ := ev.values["repo"].(map[string]any)
	tags, ok := repo["tags"]
	return tags, ok && tags != nil
}
