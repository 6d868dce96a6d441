package actions

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hfbot/hfbot/hub"
)

// withToken is a runtime with the secret that the sample needs.
func withToken() *Runtime {
	return &Runtime{Secrets: map[string]hub.Secret{"token": "s3cret"}}
}

func TestRunGivesInputsAndRuntime(t *testing.T) {
	t.Parallel()
	var reports []string
	rt := withToken()
	rt.Progress = func(done, total int64, note string) { reports = append(reports, note) }
	e := newSample(func(_ context.Context, rt *Runtime, in sampleIn) (sampleOut, error) {
		rt.Report(1, 2, "half")
		if rt.Secret("token").Reveal() != "s3cret" || rt.Secret("extra") != "" {
			t.Error("wrong secrets")
		}
		return sampleOut{Text: in.Text + in.Choice}, nil
	})
	out, err := e.Run(t.Context(), rt, minimal(map[string]any{"choice": "green"}))
	if err != nil || out["text"] != "tgreen" {
		t.Errorf("got %v, %v", out, err)
	}
	if diff := cmp.Diff([]string{"half"}, reports); diff != "" {
		t.Error(diff)
	}
}

func TestReportWithoutListener(t *testing.T) {
	t.Parallel()
	(&Runtime{}).Report(1, 0, "nobody listens") // must not panic
}

func TestRunRefusesBeforeTheAction(t *testing.T) {
	t.Parallel()
	e := newSample(func(context.Context, *Runtime, sampleIn) (sampleOut, error) {
		t.Error("the action ran")
		return sampleOut{}, nil
	})
	tests := []struct {
		name string
		rt   *Runtime
		with map[string]any
		want string
	}{
		{"wrong input", withToken(), minimal(map[string]any{"count": "x"}), "count must be int"},
		{"two mistakes", withToken(), minimal(map[string]any{"count": "x", "right": "r"}), "; test.sample: give exactly one"},
		{"validation", withToken(), minimal(map[string]any{"text": "invalid"}), "the text is invalid"},
		{"no secret", &Runtime{}, minimal(nil), `secret "token" is not set: a token`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := e.Run(t.Context(), test.rt, test.with)
			if err == nil || !IsPermanent(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a permanent one with %q", err, test.want)
			}
		})
	}
}

func TestRunTurnsPanicIntoError(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.ErrorLevel)
	rt := withToken()
	rt.Log = zap.New(core)
	e := newSample(func(context.Context, *Runtime, sampleIn) (sampleOut, error) { panic("trouble") })
	_, err := e.Run(t.Context(), rt, minimal(nil))
	if err == nil || !IsPermanent(err) || err.Error() != "test.sample panicked: trouble" {
		t.Errorf("error %v", err)
	}
	if logs.Len() != 1 {
		t.Errorf("%d log lines, want 1", logs.Len())
	}
}

func TestCheckSecrets(t *testing.T) {
	t.Parallel()
	e := newSample(nil)
	if got := e.CheckSecrets([]string{"token", "extra"}); got != nil {
		t.Error(got)
	}
	want := []InputError{
		{"token", `test.sample: secret "token" is required: a token`},
		{"tokn", `test.sample: takes no secret "tokn"; secrets: token, extra`},
	}
	if diff := cmp.Diff(want, e.CheckSecrets([]string{"tokn"})); diff != "" {
		t.Error(diff)
	}
}

// opener is an action that holds something open.
type opener struct {
	sample
	fail           error
	opened, closed int
}

func (o *opener) Provision(context.Context) error {
	o.opened++
	return o.fail
}

func (o *opener) Close() error {
	o.closed++
	return o.fail
}

func TestProvisionAndClose(t *testing.T) {
	t.Parallel()
	o := &opener{fail: errors.New("not yet")}
	o.spec = sampleSpec()
	o.run = func(context.Context, *Runtime, sampleIn) (sampleOut, error) { return sampleOut{}, nil }
	r := NewRegistry()
	Add(r, o)
	e, _ := r.Get("test.sample")
	if err := r.Close(); err != nil || o.closed != 0 {
		t.Errorf("closed %d times before use, %v", o.closed, err)
	}
	if _, err := e.Run(t.Context(), withToken(), minimal(nil)); err == nil || IsPermanent(err) || !errors.Is(err, o.fail) {
		t.Errorf("error %v, want a passing one", err)
	}
	o.fail = nil
	for range 2 {
		if _, err := e.Run(t.Context(), withToken(), minimal(nil)); err != nil {
			t.Fatal(err)
		}
	}
	if o.opened != 2 {
		t.Errorf("provisioned %d times, want a failed and a good one", o.opened)
	}
	o.fail = errors.New("stuck")
	if err := r.Close(); o.closed != 1 || err == nil || err.Error() != "close test.sample: stuck" {
		t.Errorf("closed %d times, %v", o.closed, err)
	}
}
