package hub

import (
	"encoding/json"
	"fmt"
	"io"
)

// Redacted is what a Secret prints as, everywhere.
const Redacted = "[redacted]"

// Secret is text that must never be shown: a token, a webhook secret. Every way of printing it gives [Redacted];
// only Reveal gives the text, to be called where it goes on the wire.
type Secret string

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Redacted
}

// Format implements fmt.Formatter, so that no verb shows the text, not even one that does not fit.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.String()) }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }
