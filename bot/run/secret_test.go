package run_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// An action gives its secret away in every way it can; none of it is kept or logged.
func testSecretsAreMasked(t *testing.T, database database) {
	const secret, credentials = "s3cr&t/value", "only-what-follows-Bearer"
	forms := strings.Join([]string{
		secret, "s3cr%26t%2Fvalue", base64.StdEncoding.EncodeToString([]byte(secret)), credentials,
	}, " ")
	environment := map[string]string{"TOKEN": secret, "HEADER": "Bearer " + credentials}
	leak := func(_ context.Context, rt *actions.Runtime, in in) (out, error) {
		if got := rt.Secret("token").Reveal(); got != secret {
			t.Errorf("the action got the secret %q", got)
		}
		rt.Log.Info("sending "+forms, zap.String("header", forms), zap.Error(errors.New(forms)),
			zap.Any("body", map[string]any{"a": []any{forms}}), zap.Strings("list", []string{forms}),
			zap.Stringer("stringer", stringer(forms)), zap.Int("n", 1), zap.ByteString("bytes", []byte(forms)))
		rt.Log.With(zap.String("with", forms)).Warn("again")
		if in.N == 1 {
			return out{}, errors.New("refused: " + forms)
		}
		return out{Text: forms}, nil
	}
	b := newBot(t, database(t), map[string]do{"test.leak": leak}, func(o *run.Options) {
		o.LookupEnv = func(name string) (string, bool) { return environment[name], environment[name] != "" }
	})
	step := store.StepPlan{
		Uses: "test.leak", Secrets: map[string]string{"token": "TOKEN", "authorization": "HEADER"},
		With: map[string]any{"text": forms},
	}
	ok, bad := step, step
	ok.ID, bad.ID, bad.With = "ok", "bad", map[string]any{"n": 1, "text": forms}
	r := b.await(b.insert(ok, bad), store.RunFailed)
	b.close()
	shown := fmt.Sprint(r.Error, r.Steps)
	for _, line := range b.logs.All() {
		text, err := json.Marshal(line.ContextMap())
		if err != nil {
			t.Fatal(err)
		}
		shown += line.Message + string(text)
	}
	for _, form := range strings.Fields(forms) {
		if strings.Contains(shown, form) {
			t.Errorf("the secret is shown as %q", form)
		}
	}
	masked := strings.Join(slices.Repeat([]string{hub.Redacted}, 4), " ")
	if got := r.Steps[0].Outputs["text"]; got != masked {
		t.Errorf("output %q, want %q", got, masked)
	}
	if got := r.Steps[1].With["text"]; got != masked {
		t.Errorf("input %q", got)
	}
	if want := "refused: " + masked; r.Steps[1].Error != want {
		t.Errorf("error %q, want %q", r.Steps[1].Error, want)
	}
	lines := b.logs.FilterMessage("sending " + masked).All()
	if len(lines) != 2 || lines[0].ContextMap()["n"] != int64(1) {
		t.Errorf("%d log lines: %v", len(lines), lines)
	}
}

type stringer string

func (s stringer) String() string { return string(s) }
