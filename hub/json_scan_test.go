package hub_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

// jsonSeeds are texts at the edges of what JSON is.
var jsonSeeds = []string{
	``, ` `, `{}`, `[]`, ` [ ] `, `{"a":1}`, `{"a":1,}`, `{"a"}`, `{"a":}`, `{a:1}`, `{,}`, `[1,]`, `[,1]`, `[1 2]`, `[}`, `{]`, `]`,
	`[1,[2,{"a":[{}]}]]`, `{"a":1}}`, `{}{}`, `null`, `nul`, `nulll`, `true`, `false`, `True`, `0`, `-0`, `-`, `01`, `1.`, `.1`, `1.5e+10`,
	`1e`, `1e-`, `+1`, `0x1`, `1_0`, `1e99999`, `NaN`, `"`, `"a`, `"\`, `"\"`, `"\\"`, `"\u12"`, `"\u12G4"`, `"\uD800"`, `"\x"`, "\"\n\"", "\"\x7f\xff\"",
	"\ufeff{}", "{}\x00", "\v{}", `"\/\b\f\n\r\t"`, `{"a":{"b":{}},"a":[]}`, `[[[]`, `{"a":[1,2],"b":"]}"}`,
}

func TestValidJSON(t *testing.T) {
	t.Parallel()
	for _, text := range jsonSeeds {
		if got, want := hub.ValidJSON([]byte(text)), json.Valid([]byte(text)); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
	// encoding/json takes 10,000 levels at most.
	const deep = 400_000
	for text, want := range map[string]bool{
		strings.Repeat("[", deep) + strings.Repeat("]", deep):           true,
		strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep): true,
		strings.Repeat("[", deep) + strings.Repeat("]", deep-1):         false,
		strings.Repeat("[", deep) + strings.Repeat("]", deep-1) + "}":   false,
	} {
		if got := hub.ValidJSON([]byte(text)); got != want {
			t.Errorf("%.10s… of %d bytes: %t, want %t", text, len(text), got, want)
		}
	}
}

func FuzzValidJSON(f *testing.F) {
	for _, text := range jsonSeeds {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := hub.ValidJSON(text), json.Valid(text); got != want && len(text) < 10_000 {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	})
}
