package hub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

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

func TestSecretIsNeverLogged(t *testing.T) {
	t.Parallel()
	client, err := hub.New("https://hub.example", testToken)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{
		"secret": testToken, "pointer": new(testToken), "list": []hub.Secret{testToken}, "client": client,
		"webhook": hub.WebhookInput{Secret: testToken}, "job": hub.JobSpec{Secrets: map[string]hub.Secret{"A": testToken}},
		"space": hub.SpaceSecretInput{Key: "A", Value: testToken}, "create": hub.CreateRepoOptions{
			Secrets: []hub.SpaceSecretInput{{Key: "A", Value: testToken}},
		},
	}
	var out bytes.Buffer
	text, lines := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zap.InfoLevel)
	fields := zap.New(core)
	for name, value := range values {
		text.Info("slog", name, value)
		lines.Info("slog", name, value)
		fields.Info("zap", zap.Any(name, value), zap.Reflect(name, value))
		fields.Sugar().Infof("%v %+v %#v", value, value, value)
	}
	fields.Info("zap", zap.Stringer("token", testToken), zap.Error(fmt.Errorf("with %s", testToken)))
	if strings.Contains(out.String(), "sesame") {
		t.Errorf("a log shows the token:\n%s", out.String())
	}
	if strings.Count(out.String(), hub.Redacted) < len(values) {
		t.Errorf("the logs do not show what was redacted:\n%s", out.String())
	}
}
