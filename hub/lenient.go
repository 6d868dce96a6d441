package hub

import (
	"encoding/json"
	"time"
)

// wireTime is a time of the Hub; one that cannot be read is the zero time, not the failure of the whole answer.
type wireTime struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (t *wireTime) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, &t.Time) != nil {
		t.Time = time.Time{}
	}
	return nil
}

// wireFlag is a value that the Hub gives as false or as the reason for true: gated is false, "auto" or "manual", and a
// webhook's disabled is false, true or "suspended-after-failure".
type wireFlag string

// UnmarshalJSON implements json.Unmarshaler. True becomes "true"; false, null and all else becomes "".
func (f *wireFlag) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil && string(raw) == "true" {
		text = "true"
	}
	*f = wireFlag(text)
	return nil
}

// wireObject is an object, or nil when the Hub sends something else.
type wireObject map[string]any

// UnmarshalJSON implements json.Unmarshaler.
func (o *wireObject) UnmarshalJSON(raw []byte) error {
	var object map[string]any
	if json.Unmarshal(raw, &object) != nil {
		object = nil
	}
	*o = object
	return nil
}
