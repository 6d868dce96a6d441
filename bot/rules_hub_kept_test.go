package bot

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// TestOnlyCheckedRulesAreKept pushes bad rules to the Hub in the moment between the check of good ones and their keeping:
// the copy holds the bad ones by then, and a start without the Hub must not find them.
func TestOnlyCheckedRulesAreKept(t *testing.T) {
	t.Parallel()
	const good = "version: 1\nrules:\n  - {id: a, on: discussion, steps: [{uses: hub.comment, with: {body: x}}]}\n"
	server, err := emulator.New(emulator.Options{})
	must(t, err)
	must(t, server.Start(t.Context(), "127.0.0.1:0"))
	t.Cleanup(func() { must(t, server.Close()) })
	client := server.Client("hfbot")
	home := hub.RepoRef{Type: hub.Dataset, Name: "hfbot/rules"}
	must(t, client.CreateRepo(t.Context(), home, hub.CreateRepoOptions{}))
	push := func(text string) {
		t.Helper()
		_, err := client.Commit(t.Context(), home, hub.CommitInput{
			Summary: "Rules", Files: []hub.CommitFile{hub.BytesFile("rules.yaml", []byte(text))},
		})
		must(t, err)
	}
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "bot.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	address := hub.FileRef{Repo: home, Revision: "main", Path: "rules.yaml"}.String()

	push(good)
	copies, err := CopyRules(t.Context(), client, []string{address}, t.TempDir())
	must(t, err)
	set, problems := rule.Load(copies.Paths, rule.Options{Actions: actions.Default})
	if set == nil {
		t.Fatal(problems.Text())
	}
	push(strings.Replace(good, "uses", "usse", 1))
	copies.look(t.Context(), zaptest.NewLogger(t))
	must(t, copies.saveLastGood(t.Context(), db, set.Hash))
	if kept, err := db.KeptRules(t.Context(), address); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("kept as the last good rules, unchecked: %q, %v", kept.Content, err)
	}

	push(good)
	copies.look(t.Context(), zaptest.NewLogger(t))
	must(t, copies.saveLastGood(t.Context(), db, set.Hash))
	if kept, err := db.KeptRules(t.Context(), address); err != nil || kept.Content != good {
		t.Errorf("kept %q, %v; want the rules that were checked", kept.Content, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
