// Package actionstest runs actions against a local Hub, for the tests of whoever writes one:
//
//	h := actionstest.New(t)
//	repo := h.Repo(t, hub.Model, map[string]string{"README.md": "hello"})
//	step := actionstest.Step{Uses: "acme.greet", Event: h.OpenDiscussion(t, repo, "a question")}
//	h.CheckDryRun(t, step) // no effect
//	h.CheckOnce(t, step)   // one effect, however often it runs
//
// [Check] is all of that and more in one call: dry run, cancel, twice, cut off after any call, secrets. A test fails by
// itself when an action shows a secret in its outputs, error or logs.
package actionstest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// The accounts of the local Hub: the bot under test, and a person who owns the repositories.
const (
	BotName  = "hfbot"
	UserName = "demo"
)

// Harness is a local Hub with a bot and a user.
type Harness struct {
	Hub     *emulator.Server
	Bot     *hub.Client       // with the bot's token
	User    *hub.Client       // with the user's token
	Actions *actions.Registry // where steps find their action; actions.Default at first

	outside *watched // carries the calls to other services
	quotas  quotas

	mu    sync.Mutex // guards what follows
	made  int        // repositories, for their names
	repos []hub.RepoRef
}

// New starts a local Hub, which ends with the test. Options change what it can do, such as run Jobs.
func New(t testing.TB, options ...func(*emulator.Options)) *Harness {
	t.Helper()
	with := emulator.Options{Users: []emulator.User{{Name: UserName, Token: "hf_demo"}, {Name: BotName, Token: "hf_hfbot"}}}
	for _, option := range options {
		option(&with)
	}
	server, err := emulator.New(with)
	if err != nil {
		t.Fatalf("make a local Hub: %v", err)
	}
	if err := server.Start(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatalf("start the local Hub: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the local Hub: %v", err)
		}
	})
	return &Harness{
		Hub: server, Bot: server.Client(BotName), User: server.Client(UserName), Actions: actions.Default,
		outside: &watched{next: http.DefaultTransport},
	}
}

// botClient is a client with the bot's token; a nil carrier is the usual one.
func (h *Harness) botClient(t testing.TB, carrier http.RoundTripper) *hub.Client {
	t.Helper()
	if carrier == nil {
		return h.Bot
	}
	c, err := hub.New(h.Hub.URL(), h.Bot.Token(), hub.WithHTTPClient(&http.Client{Transport: carrier}))
	if err != nil {
		t.Fatalf("make a client: %v", err)
	}
	return c
}

// Step is one step to run. Only Uses is needed.
type Step struct {
	Uses    string
	With    map[string]any
	Event   *hub.Payload // what happened
	SHA     string       // the event's by default: the pushed commit, else the head of main; none of a discussion
	Ref     string       // the event's pushed ref by default
	Secrets map[string]string
	Files   map[string]string // files beside the rules
	Key     string            // idempotency key; the same for all steps by default
	DryRun  bool
	Kept    map[string]any                  // what an earlier attempt kept, see actions.Runtime.Remember
	Keep    func(note map[string]any) error // called by Remember
}

// Run runs a step as the bot would and returns its outputs.
func (h *Harness) Run(t testing.TB, step Step) (map[string]any, error) {
	t.Helper()
	return h.run(t.Context(), t, step, h.Bot)
}

// run is Run in a context and with a client of its own.
func (h *Harness) run(ctx context.Context, t testing.TB, step Step, bot *hub.Client) (map[string]any, error) {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	outputs, err := h.entry(t, step).Run(ctx, h.runtime(t, step, core, bot), step.With)
	for name, secret := range step.Secrets {
		if strings.Contains(printed(outputs, err, logs.All()), secret) {
			t.Errorf("%s shows the secret %s", step.Uses, name)
		}
	}
	return outputs, err
}

// entry finds the action of a step.
func (h *Harness) entry(t testing.TB, step Step) *actions.Entry {
	t.Helper()
	entry, ok := h.Actions.Get(step.Uses)
	if !ok {
		t.Fatalf("no action %q is registered; near: %v", step.Uses, h.Actions.Near(step.Uses))
	}
	return entry
}

// MustRun is Run for a step that is expected to succeed.
func (h *Harness) MustRun(t testing.TB, step Step) map[string]any {
	t.Helper()
	outputs, err := h.Run(t, step)
	if err != nil {
		t.Fatalf("%s: %v", step.Uses, err)
	}
	return outputs
}

// runtime is what the step's action gets.
func (h *Harness) runtime(t testing.TB, step Step, log zapcore.Core, bot *hub.Client) *actions.Runtime {
	t.Helper()
	who, err := h.Bot.WhoAmI(t.Context())
	if err != nil {
		t.Fatalf("who is the bot: %v", err)
	}
	rt := &actions.Runtime{
		Event: step.Event, SHA: step.SHA, Ref: step.Ref,
		BotID: who.ID, BotName: who.Name,
		Hub: bot, HTTP: &http.Client{Transport: h.outside}, Log: zap.New(log),
		Key: step.Key, Dir: t.TempDir(), DryRun: step.DryRun,
		Secrets: map[string]hub.Secret{}, Files: fileReader(step.Files),
	}
	rt.Kept = step.Kept
	if step.Keep != nil {
		rt.Keep = func(_ context.Context, note map[string]any) error { return step.Keep(note) }
	}
	if rt.Key == "" {
		rt.Key = "actionstest"
	}
	rt.Quota = h.quotas.take(step.Uses, rt.Key)
	if rt.DryRun {
		rt.Hub = bot.ReadOnly()
	}
	for name, secret := range step.Secrets {
		rt.Secrets[name] = hub.Secret(secret)
	}
	if step.Event != nil && len(step.Event.UpdatedRefs) > 0 && rt.Ref == "" {
		rt.Ref = step.Event.UpdatedRefs[0].Ref
	}
	if step.Event != nil && rt.SHA == "" {
		rt.SHA = pushedSHA(step.Event)
	}
	return rt
}

// fileReader reads files beside the rules from a map.
func fileReader(files map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		content, ok := files[path]
		if !ok {
			return nil, fmt.Errorf("no file %s beside the rules", path)
		}
		return []byte(content), nil
	}
}

// printed is all text that a step has shown.
func printed(outputs map[string]any, err error, logs []observer.LoggedEntry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %v", outputs, err)
	for _, entry := range logs {
		fmt.Fprintf(&b, "\n%s %v", entry.Message, entry.ContextMap())
	}
	return b.String()
}
