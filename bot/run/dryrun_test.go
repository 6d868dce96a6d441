package run_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/run"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// A dry run reads and writes nothing, also of an action that forgot about it, and leaves the once_per value free.
func TestDryRun(t *testing.T) {
	t.Parallel()
	writes := make(chan string, 9)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			writes <- r.Method + " " + r.URL.Path
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(server.Close)
	client, err := hub.New(server.URL, "hf_x")
	if err != nil {
		t.Fatal(err)
	}
	careless := func(ctx context.Context, rt *actions.Runtime, _ in) (out, error) {
		resp, err := rt.HTTP.Get(server.URL)
		if err != nil {
			return out{}, err
		}
		if err := resp.Body.Close(); err != nil {
			return out{}, err
		}
		_, hubErr := rt.Hub.Comment(ctx, hub.RepoRef{Type: hub.Model, Name: "a/b"}, 1, "hello")
		resp, webErr := rt.HTTP.Post(server.URL, "text/plain", strings.NewReader("x"))
		if webErr == nil {
			_ = resp.Body.Close()
		}
		text := "told"
		if !rt.DryRun {
			text = "not told"
		}
		if refused := errors.Join(hubErr, webErr); refused != nil && !rt.DryRun {
			return out{}, refused
		}
		return out{Text: text}, nil
	}
	for name, dry := range map[string]struct{ rule, all, want bool }{
		"wet": {false, false, false}, "the rule": {true, false, true}, "all rules": {false, true, true},
	} {
		b := newBot(t, sqlite(t), map[string]do{"test.careless": careless}, func(o *run.Options) {
			o.Hub, o.HTTP, o.DryRun = client, http.DefaultClient, dry.all
		})
		r := &store.Run{Plan: store.Plan{Key: "root", DryRun: dry.rule, Steps: []store.StepPlan{{ID: "a", Uses: "test.careless"}}}}
		id := b.insertRun(r, func(tx *store.Tx) error {
			_, err := tx.TakeOnce("rule", "value", r.ID)
			return err
		})
		done := b.await(id, store.Succeeded)
		outputs := done.Steps[0].Outputs
		if done.Plan.DryRun != dry.want {
			t.Errorf("%s: kept as a dry run: %v", name, done.Plan.DryRun)
		}
		if told := outputs["text"] == "told"; told != dry.want || (len(writes) == 0) != dry.want {
			t.Errorf("%s: outputs %v, %d writes", name, outputs, len(writes))
		}
		for len(writes) > 0 {
			<-writes
		}
		var taken bool
		err := b.store.InTx(t.Context(), func(tx *store.Tx) (err error) {
			taken, err = tx.OnceTaken("rule", "value", "")
			return err
		})
		if err != nil || taken == dry.want {
			t.Errorf("%s: the once_per value is used up: %v %v", name, taken, err)
		}
	}
}
