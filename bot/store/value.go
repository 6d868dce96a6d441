package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// micros is how a time is kept: microseconds since 1970 in UTC, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros is the time that micros kept, in UTC.
func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// encodeMap is m as JSON text; "" for a nil map.
func encodeMap(m map[string]any) (string, error) {
	if m == nil {
		return "", nil
	}
	text, err := json.Marshal(exactMap(m))
	return string(text), err
}

// encodePlan is p as JSON text.
func encodePlan(p Plan) (string, error) {
	p.Vars, p.Command, p.Facts = exactMap(p.Vars), exactMap(p.Command), exactMap(p.Facts)
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		p.Steps[i].With = exactMap(p.Steps[i].With)
	}
	text, err := json.Marshal(p)
	return string(text), err
}

func exactMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	exact := make(map[string]any, len(m))
	for k, v := range m {
		exact[k] = exactNumber(v)
	}
	return exact
}

// exactNumber returns a copy of v whose floats are written with a point, 1.0 and not 1: expressions were type-checked
// before they were kept, so an int must come back as an int and a float as a float.
func exactNumber(v any) any {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return json.Number(strconv.FormatFloat(v, 'f', 1, 64))
		}
	case map[string]any:
		return exactMap(v)
	case []any:
		exact := make([]any, len(v))
		for i := range v {
			exact[i] = exactNumber(v[i])
		}
		return exact
	}
	return v
}

// decodeMap reads what encodeMap wrote. Whole numbers come back as int64, so that large ones keep their digits.
func decodeMap(text string) (map[string]any, error) {
	if text == "" {
		return nil, nil
	}
	var m map[string]any
	if err := decode(text, &m); err != nil {
		return nil, err
	}
	return wholeMap(m), nil
}

// decodePlan reads a plan; whole numbers inside come back as int64.
func decodePlan(text string) (Plan, error) {
	var p Plan
	if err := decode(text, &p); err != nil {
		return Plan{}, fmt.Errorf("read the plan: %w", err)
	}
	p.Vars, p.Command, p.Facts = wholeMap(p.Vars), wholeMap(p.Command), wholeMap(p.Facts)
	for i := range p.Steps {
		p.Steps[i].With = wholeMap(p.Steps[i].With)
	}
	return p, nil
}

func decode(text string, into any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	return d.Decode(into)
}

func wholeMap(m map[string]any) map[string]any {
	for k, v := range m {
		m[k] = whole(v)
	}
	return m
}

// whole replaces each json.Number in v by an int64 where it is one, else by a float64.
func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // out of range reads as infinity, which is the nearest there is
		return f
	case map[string]any:
		return wholeMap(v)
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	}
	return v
}

// oneIf is how a truth value is kept.
func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}
