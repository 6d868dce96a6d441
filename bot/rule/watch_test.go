package rule_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/hfbot/hfbot/bot/rule"
)

// watched is what Watch reports.
type watched struct {
	set      *rule.Set
	problems rule.Problems
}

func watch(t *testing.T, hash, path string) <-chan watched {
	t.Helper()
	reports := make(chan watched)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- rule.Watch(ctx, hash, []string{path}, rule.Options{Actions: catalogue()}, func(s *rule.Set, p rule.Problems) {
			select {
			case reports <- watched{s, p}:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return reports
}

func TestWatch(t *testing.T) {
	t.Parallel()
	name := write(t, "version: 1\nrules:\n  - {id: a, on: repo, steps: [{uses: hub.comment, with: {body: x}}]}\n")
	reports := watch(t, load(t, name).Hash, name)

	writeFile(t, name, "version: 1\nrules:\n  - {id: b, on: repo, steps: [{uses: hub.comment, with: {body: x}}]}\n")
	if got := <-reports; got.set == nil || got.set.Rules[0].ID != "b" {
		t.Errorf("after a write: %+v", got)
	}
	other := filepath.Join(filepath.Dir(name), ".rules.swp")
	writeFile(t, other, "version: 1\nrules:\n  - {id: c, on: nowhere.}\n")
	if err := os.Rename(other, name); err != nil {
		t.Fatal(err)
	}
	if got := <-reports; got.set != nil || !got.problems.HasErrors() {
		t.Errorf("after a bad file took its place: %+v", got)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if got := <-reports; got.set != nil || !got.problems.HasErrors() {
		t.Errorf("after the file was removed: %+v", got)
	}
}

func TestWatchFollowsALinkedFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, version := range []string{"..1", "..2"} {
		if err := os.Mkdir(filepath.Join(dir, version), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, version, "rules.yaml"),
			"version: 1\nrules:\n  - {id: r"+version[2:]+", on: repo, steps: [{uses: hub.comment, with: {body: x}}]}\n")
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("..1", "..data")
	link("..data/rules.yaml", "rules.yaml")
	set := load(t, dir)
	if len(set.Rules) != 1 || set.Rules[0].ID != "r1" {
		t.Fatalf("loaded %v", set.Files)
	}
	reports := watch(t, set.Hash, dir)
	link("..2", "..tmp")
	if err := os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if got := <-reports; got.set == nil || got.set.Rules[0].ID != "r2" {
		t.Errorf("got %+v", got)
	}
}
