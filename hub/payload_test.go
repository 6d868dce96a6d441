package hub_test

import (
	"encoding/json"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestPayloadEncodesAsTheHubDoes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		value any
		want  string
	}{
		"created ref": {hub.UpdatedRef{Ref: "refs/pr/5", NewSHA: "n"}, `{"ref":"refs/pr/5","oldSha":null,"newSha":"n"}`},
		"deleted ref": {hub.UpdatedRef{Ref: "refs/pr/5", OldSHA: "o"}, `{"ref":"refs/pr/5","oldSha":"o","newSha":null}`},
		"empty config": {
			hub.Payload{UpdatedConfig: map[string]any{}},
			`{"event":{"action":"","scope":""},"repo":{"type":"","name":"","id":"","private":false,"owner":{"id":""},` +
				`"url":{}},"updatedConfig":{},"webhook":{"id":"","version":0}}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(test.value)
			if err != nil || string(got) != test.want {
				t.Errorf("Marshal = %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
}

func TestRepoRef(t *testing.T) {
	t.Parallel()
	repo := hub.Repo{Type: hub.Dataset, Name: "acme/reviews"}
	if got, want := repo.Ref(), (hub.RepoRef{Type: hub.Dataset, Name: "acme/reviews"}); got != want {
		t.Errorf("Ref() = %v, want %v", got, want)
	}
}

func TestPayloadActor(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"event":{"scope":"discussion.comment","action":"create"},"comment":{"author":{"id":"a"}},"discussion":{"author":{"id":"b"}}}`: "a",
		`{"event":{"scope":"discussion.comment","action":"update"},"discussion":{"author":{"id":"b"}}}`:                                 "",
		`{"event":{"scope":"discussion","action":"create"},"comment":{"author":{"id":"b"}},"discussion":{"author":{"id":"b"}}}`:         "b",
		`{"event":{"scope":"discussion","action":"create"}}`:                                                                            "",
		`{"event":{"scope":"discussion","action":"update"},"discussion":{"author":{"id":"b"}}}`:                                         "",
		`{"event":{"scope":"repo.content","action":"update"},"repo":{"owner":{"id":"o"}}}`:                                              "",
	} {
		p, err := hub.ParsePayload([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Actor(); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
