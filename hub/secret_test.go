package hub_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestSecretIsNeverShown(t *testing.T) {
	t.Parallel()
	const secret = hub.Secret("hf_sesame")
	type holder struct{ Token hub.Secret }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%10s"} {
		for _, value := range []any{secret, &holder{secret}, []hub.Secret{secret}, map[hub.Secret]int{secret: 1}} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, "sesame") || !strings.Contains(text, hub.Redacted) {
				t.Errorf("%s of %T shows %s", verb, value, text)
			}
		}
	}
	encoded, err := json.Marshal(map[string]any{"a": holder{secret}, "b": []hub.Secret{secret}})
	if err != nil || strings.Contains(string(encoded), "sesame") {
		t.Errorf("as JSON: %s, %v", encoded, err)
	}
	if text, err := secret.MarshalText(); err != nil || string(text) != hub.Redacted {
		t.Errorf("as text: %s, %v", text, err)
	}
	if got := secret.Reveal(); got != "hf_sesame" {
		t.Errorf("Reveal() = %q", got)
	}
	if got := fmt.Sprint(hub.Secret("")); got != "" {
		t.Errorf("an empty secret shows as %q, want nothing, so that its absence can be seen", got)
	}
}
