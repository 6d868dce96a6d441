package hub_test

import (
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestParseFileRef(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]hub.FileRef{
		"hf://acme/tiny/rules.yaml":                {Repo: hub.RepoRef{Type: hub.Model, Name: "acme/tiny"}, Path: "rules.yaml"},
		"hf://datasets/acme/bot@main/a/rules.yaml": {Repo: hub.RepoRef{Type: hub.Dataset, Name: "acme/bot"}, Revision: "main", Path: "a/rules.yaml"},
		"hf://spaces/acme/bot@refs%2Fpr%2F1/r.yml": {Repo: hub.RepoRef{Type: hub.Space, Name: "acme/bot"}, Revision: "refs/pr/1", Path: "r.yml"},
	} {
		got, err := hub.ParseFileRef(text)
		if err != nil || got != want {
			t.Errorf("ParseFileRef(%s) = %+v, %v; want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%s becomes %s", text, got)
		}
	}
	for _, text := range []string{
		"", "rules.yaml", "hf://", "hf://acme/tiny", "hf://acme/tiny/", "hf://acme/tiny/../x", "hf://acme/tiny//x",
		"hf://datasets/acme/rules.yaml", "hf://acme/tiny@%zz/x", "https://acme/tiny/x", "hf://../tiny/x",
	} {
		if got, err := hub.ParseFileRef(text); err == nil {
			t.Errorf("ParseFileRef(%q) = %+v, want an error", text, got)
		}
	}
}
