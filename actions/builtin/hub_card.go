package builtin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubCard{}) }

const (
	cardPath = "README.md"
	maxCard  = 1 << 20 // bytes
)

// hubCard checks a card and proposes changes to its front matter.
type hubCard struct{}

// cardIn is the inputs of hub.card.
type cardIn struct {
	Required  []string       `json:"required" doc:"keys that the front matter must have, not empty"`
	Licenses  []string       `json:"licenses" doc:"globs of the licenses that are fine; one must be given then"`
	Languages []string       `json:"languages" doc:"globs of the languages that are fine; one must be given then"`
	Sections  []string       `json:"sections" doc:"headings that the text must have, in any case"`
	MinLength int            `json:"min_length" doc:"least number of characters of the text, without front matter"`
	AskHub    bool           `json:"validate" default:"true" doc:"have the Hub check the front matter"`
	Patch     map[string]any `json:"patch" doc:"keys to set in the front matter of the output content; null removes one"`
	Missing   bool           `json:"only_missing" doc:"patch only keys that the card has not"`
	Revision  string         `json:"revision" doc:"commit, branch or tag to read; the event's commit by default, else main"`
	actions.Target
}

// cardOut is the outputs of hub.card.
type cardOut struct {
	Exists   bool           `json:"exists" doc:"there is a README.md"`
	OK       bool           `json:"ok" doc:"no check failed"`
	Problems []string       `json:"problems" doc:"what is wrong, as Markdown"`
	Passed   int            `json:"passed" doc:"checks that were passed"`
	Total    int            `json:"total" doc:"checks that were made"`
	Report   string         `json:"report" doc:"all checks as a Markdown list"`
	Metadata map[string]any `json:"metadata" doc:"the front matter"`
	License  string         `json:"license" doc:"license in the front matter"`
	Length   int            `json:"length" doc:"characters of the text"`
	Changed  bool           `json:"changed" doc:"patch changes the card"`
	Content  string         `json:"content" doc:"the card with patch, for the files of hub.pull_request or hub.commit"`
}

// Validate implements actions.Validator.
func (in *cardIn) Validate() error {
	for _, glob := range slices.Concat(in.Licenses, in.Languages) {
		if !doublestar.ValidatePattern(glob) {
			return fmt.Errorf("%q is no glob", glob)
		}
	}
	for key := range in.Patch {
		if !keyPattern.MatchString(key) {
			return fmt.Errorf("patch: %q is no key of a card", key)
		}
	}
	return nil
}

// Spec implements actions.Action.
func (hubCard) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hub.card",
		Summary: "Check a model, dataset or Space card, and prepare changes to its front matter.",
		Description: "Writes nothing: `report` is for a `hub.comment` or `hub.discussion`, `content` for a " +
			"`hub.pull_request`. With `patch`, only the lines of the given keys change; order, comments and quotes of the rest " +
			"stay, and a card that cannot be changed so is refused. Without a README.md every check fails and a patch makes one.",
		Effect:     actions.None,
		Idempotent: true,
		Example: "uses: hub.card\nid: card\nwith:\n  required: [license, pipeline_tag]\n  licenses: [apache-2.0, mit, cc-by-*]\n" +
			"  min_length: 200\n  patch: {license: apache-2.0}\n  only_missing: true",
	}
}

// Run implements actions.Action.
func (hubCard) Run(ctx context.Context, rt *actions.Runtime, in cardIn) (cardOut, error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return cardOut{}, err
	}
	text, exists, err := in.read(ctx, rt, repo)
	if err != nil {
		return cardOut{}, err
	}
	c := parseCard(text)
	checks, err := in.checks(ctx, rt, repo, c, text, exists)
	if err != nil {
		return cardOut{}, err
	}
	out := cardOut{
		Exists: exists, Metadata: plainMap(c.metadata), License: first(texts(c.metadata["license"])),
		Length: len([]rune(c.prose())), Total: len(checks), Report: reportOf(checks), Content: text,
	}
	for _, check := range checks {
		if check.problem == "" {
			out.Passed++
		} else {
			out.Problems = append(out.Problems, check.problem)
		}
	}
	out.OK = len(out.Problems) == 0
	if len(in.Patch) > 0 {
		if out.Content, err = in.patched(c); err != nil {
			return cardOut{}, actions.Permanent(err)
		}
		out.Changed = out.Content != text
	}
	return out, nil
}

// read reads the card; a missing one is empty.
func (in cardIn) read(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef) (text string, exists bool, err error) {
	revision := in.Revision
	if revision == "" {
		revision = eventRevision(rt, repo)
	}
	body, err := rt.Hub.Download(ctx, repo, revision, cardPath, 0, -1)
	if hub.IsNotFound(err) {
		if _, err := rt.Hub.RepoInfo(ctx, repo, revision); err != nil {
			return "", false, fmt.Errorf("read %s: %w", repo, err)
		}
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read the card of %s: %w", repo, err)
	}
	content, err := io.ReadAll(io.LimitReader(body, maxCard+1))
	if err = errors.Join(err, body.Close()); err != nil {
		return "", false, fmt.Errorf("read the card of %s: %w", repo, err)
	}
	if len(content) > maxCard {
		return "", false, actions.Permanentf("the card of %s is larger than %d KiB", repo, maxCard>>10)
	}
	return strings.ToValidUTF8(string(content), "\uFFFD"), true, nil
}

// patched is the card with the changes of the inputs.
func (in cardIn) patched(c *card) (string, error) {
	values := map[string]any{}
	for key, value := range in.Patch {
		if in.Missing && len(texts(c.metadata[key])) > 0 {
			continue
		}
		values[key] = value
	}
	return c.patch(slices.Sorted(maps.Keys(values)), values)
}
