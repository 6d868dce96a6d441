package builtin

import (
	"context"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

var update = flag.Bool("update", false, "write docs/actions.md")

// entry finds a shipped action.
func entry(t *testing.T, id string) *actions.Entry {
	t.Helper()
	e, ok := actions.Default.Get(id)
	if !ok {
		t.Fatalf("no action %s", id)
	}
	return e
}

// webRuntime is a runtime for actions that call other services.
func webRuntime(secrets map[string]hub.Secret) *actions.Runtime {
	return &actions.Runtime{HTTP: http.DefaultClient, Key: "run-1/step-1", Secrets: secrets}
}

// messages are the texts of input errors.
func messages(errs []actions.InputError) string {
	var texts []string
	for _, e := range errs {
		texts = append(texts, e.Message)
	}
	return strings.Join(texts, "\n")
}

// cancelled is a context that has ended.
func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// TestDocs keeps docs/actions.md the same as the actions say.
func TestDocs(t *testing.T) {
	t.Parallel()
	const path = "../../docs/actions.md"
	got := actions.Default.Markdown()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is stale, run go test ./actions/builtin -update:\n%s", path, diff)
	}
}

// TestExamplesNameTheirAction keeps the examples honest as far as text can.
func TestExamplesNameTheirAction(t *testing.T) {
	t.Parallel()
	for _, e := range actions.Default.All() {
		if !strings.HasPrefix(e.Spec.Example, "uses: "+e.Spec.ID+"\n") {
			t.Errorf("the example of %s is %q", e.Spec.ID, e.Spec.Example)
		}
	}
}

// secretsOf are the secrets of a step as its action gets them.
func secretsOf(values map[string]string) map[string]hub.Secret {
	secrets := map[string]hub.Secret{}
	for name, value := range values {
		secrets[name] = hub.Secret(value)
	}
	return secrets
}

// sh is a command of a shell script, the arguments its $1 and so on.
func sh(script string, args ...string) []any {
	command := []any{"sh", "-c", script, "sh"}
	for _, a := range args {
		command = append(command, a)
	}
	return command
}
