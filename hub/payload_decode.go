package hub

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"
)

// MaxPayloadSize bounds the body that ParsePayload takes, in bytes. The largest known deliveries are those of
// buckets, with up to 10,000 changed files.
const MaxPayloadSize = 16 << 20

const (
	maxPayloadDepth = 64      // objects and arrays inside each other; known payloads have 4
	maxPayloadItems = 100_000 // entries of one list
	maxPayloadExtra = 1_000   // entries of Payload.Extra; what comes later is dropped
)

// ParsePayload decodes a webhook body. It fails only when the body is no JSON object or past all measure (larger than
// [MaxPayloadSize], nested deeper than 64). A value of an unexpected type leaves its field empty and the raw value in
// Extra, because the Hub may change shape and a bot must not lose events. Null counts as absent.
func ParsePayload(body []byte) (*Payload, error) {
	if len(body) > MaxPayloadSize {
		return nil, fmt.Errorf("hub: webhook payload of %d bytes is larger than %d", len(body), MaxPayloadSize)
	}
	if nestedDeeper(body, maxPayloadDepth) {
		return nil, fmt.Errorf("hub: webhook payload is nested deeper than %d", maxPayloadDepth)
	}
	p := &Payload{}
	d := payloadDecoder{extra: map[string]json.RawMessage{}}
	if !d.object(body, reflect.ValueOf(p).Elem(), "") {
		if !json.Valid(body) {
			return nil, errors.New("hub: webhook payload is not JSON")
		}
		return nil, errors.New("hub: webhook payload is not a JSON object")
	}
	if len(d.extra) > 0 {
		p.Extra = d.extra
	}
	return p, nil
}

// payloadDecoder fills structs from JSON value by value, so that one bad value costs only itself.
type payloadDecoder struct {
	extra map[string]json.RawMessage
}

// object decodes a JSON object into a struct and tells whether raw was an object.
func (d *payloadDecoder) object(raw json.RawMessage, into reflect.Value, path string) bool {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return false
	}
	fields := payloadFields(into.Type())
	for name, value := range members {
		place := name
		if path != "" {
			place = path + "." + name
		}
		field, known := fields[name]
		if !known || !d.value(value, into.Field(field), place) {
			d.keep(place, value)
		}
	}
	return true
}

// value decodes one JSON value and tells whether it had the type of the field.
func (d *payloadDecoder) value(raw json.RawMessage, into reflect.Value, path string) bool {
	if isNull(raw) {
		return true
	}
	switch into.Kind() {
	case reflect.Struct:
		return d.object(raw, into, path)
	case reflect.Pointer:
		target := reflect.New(into.Type().Elem())
		if !d.value(raw, target.Elem(), path) {
			return false
		}
		into.Set(target)
		return true
	case reflect.Slice:
		return d.list(raw, into, path)
	default:
		if text, ok := plainString(raw); ok && into.Kind() == reflect.String {
			into.SetString(text)
			return true
		}
		if err := json.Unmarshal(raw, into.Addr().Interface()); err != nil {
			into.SetZero()
			return false
		}
		return true
	}
}

// list decodes a JSON array; entries of the wrong type are left out and kept in Extra.
func (d *payloadDecoder) list(raw json.RawMessage, into reflect.Value, path string) bool {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil || len(items) > maxPayloadItems {
		return false
	}
	out := reflect.MakeSlice(into.Type(), 0, len(items))
	for i, item := range items {
		place := fmt.Sprintf("%s[%d]", path, i)
		entry := reflect.New(into.Type().Elem()).Elem()
		if isNull(item) || !d.value(item, entry, place) {
			d.keep(place, item)
			continue
		}
		out = reflect.Append(out, entry)
	}
	into.Set(out)
	return true
}

func (d *payloadDecoder) keep(path string, raw json.RawMessage) {
	if len(d.extra) < maxPayloadExtra {
		d.extra[path] = raw
	}
}

// plainString is the text of a JSON string that is written as it is, as nearly all are, which saves the decoder for each.
func plainString(raw json.RawMessage) (string, bool) {
	if raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 || !utf8.Valid(raw) {
		return "", false
	}
	return string(raw[1 : len(raw)-1]), true
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// payloadFieldCache maps a payload's struct type to its fields by JSON name.
var payloadFieldCache sync.Map

func payloadFields(t reflect.Type) map[string]int {
	if known, ok := payloadFieldCache.Load(t); ok {
		return known.(map[string]int)
	}
	fields := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = i
		}
	}
	payloadFieldCache.Store(t, fields)
	return fields
}

// nestedDeeper tells whether brackets outside of strings are open more than limit deep at some point.
func nestedDeeper(body []byte, limit int) bool {
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
