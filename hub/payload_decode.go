package hub

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// MaxPayloadSize bounds the body that ParsePayload takes, in bytes. The largest known deliveries are those of
// buckets, with up to 10,000 changed files.
const MaxPayloadSize = 16 << 20

const (
	maxPayloadDepth = 64      // objects and arrays inside each other; known payloads have 4
	maxPayloadItems = 100_000 // entries of one list
	maxPayloadExtra = 1_000   // entries of Payload.Extra; what comes later is dropped

	mostPayloadFields = 16 // of one struct
	null              = "null"
)

// ParsePayload decodes a webhook body. It fails only when the body is no JSON object or past all measure (larger than
// [MaxPayloadSize], nested deeper than 64). A value of an unexpected type leaves its field empty and the raw value in
// Extra, because the Hub may change shape and a bot must not lose events. Null counts as absent, and of values with the
// same name the last one counts. What it returns shares nothing with body.
func ParsePayload(body []byte) (*Payload, error) {
	if len(body) > MaxPayloadSize {
		return nil, fmt.Errorf("hub: webhook payload of %d bytes is larger than %d", len(body), MaxPayloadSize)
	}
	depth, valid := measureJSON(body)
	if !valid {
		return nil, errors.New("hub: webhook payload is not JSON")
	}
	if depth > maxPayloadDepth {
		return nil, fmt.Errorf("hub: webhook payload is nested deeper than %d", maxPayloadDepth)
	}
	whole := trimJSON(body)
	if whole[0] != '{' {
		return nil, errors.New("hub: webhook payload is not a JSON object")
	}
	p, d := &Payload{}, payloadDecoder{}
	d.object(whole, reflect.ValueOf(p).Elem(), "")
	p.Extra = d.extra
	p.Public = string(findMember(findMember(whole, "repo"), "private")) == "false"
	return p, nil
}

// payloadDecoder fills structs from valid JSON value by value, so that one bad value costs only itself.
type payloadDecoder struct {
	extra map[string]json.RawMessage
}

// object decodes a JSON object into a struct.
func (d *payloadDecoder) object(raw []byte, into reflect.Value, path string) {
	fields := payloadFields(into.Type())
	var values [mostPayloadFields][]byte
	eachMember(raw, func(key, value []byte) {
		n, known := fields.numbers[string(unquoted(key))]
		if !known {
			name := jsonText(key)
			if n, known = fields.numbers[name]; !known {
				d.keep(join(path, name), value)
				return
			}
		}
		values[n] = value
	})
	for n, name := range fields.names {
		if value := values[n]; value != nil && string(value) != null {
			d.field(value, into.Field(n), path, name)
		}
	}
}

// field decodes the value of a struct's field.
func (d *payloadDecoder) field(raw []byte, into reflect.Value, path, name string) {
	switch kind := into.Kind(); {
	case kind == reflect.Struct && raw[0] == '{':
		d.object(raw, into, join(path, name))
	case kind == reflect.Pointer && raw[0] == '{': // all pointers are to structs
		into.Set(reflect.New(into.Type().Elem()))
		d.object(raw, into.Elem(), join(path, name))
	case kind == reflect.Slice && raw[0] == '[':
		if !d.list(raw, into, join(path, name)) {
			d.keep(join(path, name), raw)
		}
	case !scalar(raw, into):
		d.keep(join(path, name), raw)
	}
}

// list decodes a JSON array, unless it has too many entries. Those of the wrong type are left out and kept in Extra.
func (d *payloadDecoder) list(raw []byte, into reflect.Value, path string) bool {
	n := 0
	eachItem(raw, func([]byte) { n++ })
	if n > maxPayloadItems {
		return false
	}
	into.Set(reflect.MakeSlice(into.Type(), n, n))
	i, good := 0, 0
	eachItem(raw, func(item []byte) {
		place := path + "[" + strconv.Itoa(i) + "]"
		i++
		switch entry := into.Index(good); {
		case entry.Kind() == reflect.Struct && item[0] == '{':
			d.object(item, entry, place)
			good++
		case scalar(item, entry) && string(item) != null:
			good++
		default:
			d.keep(place, item)
		}
	})
	into.SetLen(good)
	return true
}

func (d *payloadDecoder) keep(path string, raw []byte) {
	if d.extra == nil {
		d.extra = map[string]json.RawMessage{}
	}
	if len(d.extra) < maxPayloadExtra {
		d.extra[path] = bytes.Clone(raw)
	}
}

// scalar sets a value that is neither a struct nor a list, unless raw has another type.
func scalar(raw []byte, into reflect.Value) bool {
	switch into.Kind() {
	case reflect.String:
		if raw[0] != '"' {
			return false
		}
		into.SetString(jsonText(raw))
	case reflect.Bool:
		if raw[0] != 't' && raw[0] != 'f' {
			return false
		}
		into.SetBool(raw[0] == 't')
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || into.OverflowInt(n) {
			return false
		}
		into.SetInt(n)
	default:
		if json.Unmarshal(raw, into.Addr().Interface()) != nil {
			into.SetZero()
			return false
		}
	}
	return true
}

// join is the place of a member within an object at path.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// payloadFieldCache maps a payload's struct type to its fields.
var payloadFieldCache sync.Map

// payloadFieldSet are the fields of a struct by JSON name, and their names by number; "" for one that is not in JSON.
type payloadFieldSet struct {
	numbers map[string]int
	names   []string
}

func payloadFields(t reflect.Type) *payloadFieldSet {
	if known, ok := payloadFieldCache.Load(t); ok {
		return known.(*payloadFieldSet)
	}
	set := &payloadFieldSet{numbers: map[string]int{}, names: make([]string, t.NumField())}
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "-" {
			set.numbers[name], set.names[i] = i, name
		}
	}
	payloadFieldCache.Store(t, set)
	return set
}
