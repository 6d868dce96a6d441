package catchup_test

import (
	"testing"

	"github.com/hfbot/hfbot/bot/catchup"
	"github.com/hfbot/hfbot/hub"
)

func TestPush(t *testing.T) {
	t.Parallel()
	repo := hub.RepoRef{Type: hub.Dataset, Name: "acme/data"}
	for _, from := range []string{"", "a1"} {
		event, err := catchup.Push(repo, &hub.RepoInfo{ID: "r1", SHA: "b2", Private: true}, from)
		if err != nil {
			t.Fatal(err)
		}
		p, err := hub.ParsePayload(event.Body)
		if err != nil {
			t.Fatal(err)
		}
		want := hub.UpdatedRef{Ref: "refs/heads/main", OldSHA: from, NewSHA: "b2"}
		if len(p.UpdatedRefs) != 1 || p.UpdatedRefs[0] != want || p.Repo.HeadSHA != "b2" || !p.Repo.Private || p.Repo.Ref() != repo {
			t.Errorf("payload %s", event.Body)
		}
		if event.Key != "catch-up:push:r1:b2" {
			t.Errorf("key %q", event.Key)
		}
	}
}

// TestKeyOf wants the same name for an event however it is told, and none for events that are not caught up.
func TestKeyOf(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"event":{"scope":"discussion","action":"create"},"repo":{"id":"r1"},"discussion":{"id":"d","num":3}}`:                      "catch-up:discussion:r1:3",
		`{"event":{"scope":"discussion.comment","action":"create"},"repo":{"id":"r1"},"discussion":{"num":3},"comment":{"id":"c1"}}`: "catch-up:comment:c1",
		`{"event":{"scope":"discussion.comment","action":"update"},"repo":{"id":"r1"},"comment":{"id":"c1"}}`:                        "",
		`{"event":{"scope":"repo.content","action":"update"},"repo":{"id":"r1"},"updatedRefs":[{"ref":"refs/pr/1","newSha":"x"}]}`:   "",
		`{"event":{"scope":"repo","action":"create"},"repo":{"id":"r1"}}`:                                                            "",
	} {
		p, err := hub.ParsePayload([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := catchup.KeyOf(p); got != want {
			t.Errorf("KeyOf(%s) = %q, want %q", body, got, want)
		}
	}
}
