package bot

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// countingHub answers what facts need of the model acme/tiny, and counts the calls. A path that begins with broken is
// refused so many times.
type countingHub struct {
	calls  []string
	broken string
	times  int
}

// RoundTrip implements http.RoundTripper.
func (h *countingHub) RoundTrip(r *http.Request) (*http.Response, error) {
	path := strings.TrimPrefix(r.URL.Path, "/api/models/acme/tiny")
	h.calls = append(h.calls, path)
	status := http.StatusOK
	var body string
	switch {
	case h.broken != "" && strings.HasPrefix(path, h.broken) && h.times > 0:
		h.times--
		status, body = http.StatusForbidden, `{"error":"not now"}`
	case path == "" || strings.HasPrefix(path, "/revision"):
		body = `{"id":"acme/tiny","sha":"new","tags":["pytorch"]}`
	case strings.HasPrefix(path, "/commits/"):
		body = `[{"id":"new","title":"Upload weights","authors":[{"user":"ada"}]},{"id":"old","title":"x","authors":[]}]`
	case strings.HasPrefix(path, "/tree/"):
		body = `[{"type":"file","path":"` + path[len("/tree/"):] + `.bin","oid":"1"}]`
	case path == "/api/users/ada/overview" || path == "/api/users/1/overview":
		body = `{"_id":"1","user":"ada","type":"user"}`
	case strings.HasPrefix(path, "/acme/tiny/resolve/new/README.md"):
		body = "---\nlicense: mit\n---\n"
	default:
		status, body = http.StatusNotFound, `{"error":"there is no `+path+`"}`
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		Request: r,
	}, nil
}

func (h *countingHub) client(t *testing.T) *hub.Client {
	t.Helper()
	c, err := hub.New("http://hub.test", "", hub.WithTransportWrapper(func(http.RoundTripper) http.RoundTripper { return h }))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// twoRules have the same event and condition.
func twoRules(t *testing.T, on, cond string) *rule.Set {
	t.Helper()
	var b strings.Builder
	b.WriteString("version: 1\nrules:\n")
	for _, id := range []string{"a", "b"} {
		fmt.Fprintf(&b, "  - {id: %s, on: %s, if: %q, steps: [{uses: hub.comment, with: {body: x, discussion: 1}}]}\n", id, on, cond)
	}
	name := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	set, problems := rule.Load([]string{name}, rule.Options{Actions: actions.Default})
	if set == nil {
		t.Fatal(problems.Text())
	}
	return set
}

const (
	pushBody = `{"event":{"scope":"repo.content","action":"update"},"repo":{"type":"model","name":"acme/tiny","id":"9",` +
		`"private":false,"headSha":"new","owner":{"id":"1"}},` +
		`"updatedRefs":[{"ref":"refs/heads/main","oldSha":"old","newSha":"new"}]}`
	pullBody = `{"event":{"scope":"discussion","action":"create"},"repo":{"type":"model","name":"acme/tiny","id":"9",` +
		`"private":false,"owner":{"id":"1"}},"discussion":{"num":3,"isPullRequest":true,"author":{"id":"1"}}}`
)

// TestCallsOfFacts counts the calls for each fact: none when the payload decides, in whatever order the author wrote, and
// those of one look-up however many rules ask.
func TestCallsOfFacts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		on, fact, body string
		want           []string
	}{
		"tags":    {"repo.content", "has_tag('pytorch')", pushBody, []string{""}},
		"commit":  {"repo.content", "commit.title == 'Upload weights'", pushBody, []string{"/commits/new"}},
		"author":  {"repo.content", "author.name == 'ada'", pushBody, []string{"/commits/new", "/api/users/ada/overview"}},
		"changed": {"repo.content", "'new.bin' in changed", pushBody, []string{"/tree/old", "/tree/new"}},
		"card":    {"repo.content", "card.license == 'mit'", pushBody, []string{"/acme/tiny/resolve/new/README.md"}},
		"files":   {"repo.content", "'new.bin' in files", pushBody, []string{"/tree/new"}},
		"two": {
			"repo.content", "author.name == 'ada' && commit.title != ''", pushBody,
			[]string{"/commits/new", "/api/users/ada/overview"},
		},
		"sha":                      {"discussion.create", "sha == 'new'", pullBody, []string{"/commits/refs/pr/3"}},
		"author of a pull request": {"discussion.create", "author.name == 'ada'", pullBody, []string{"/api/users/1/overview"}},
		"files of a pull request": {
			"discussion.create", "'new.bin' in files", pullBody, []string{"/commits/refs/pr/3", "/tree/new"},
		},
	} {
		for _, form := range []struct {
			cond    string
			verdict rule.Verdict
			asked   bool
		}{
			{"repo.private && (%s)", rule.VerdictNotMatched, false},
			{"(%s) && repo.private", rule.VerdictNotMatched, false},
			{"!repo.private || (%s)", rule.VerdictMatched, false},
			{"(%s) || !repo.private", rule.VerdictMatched, false},
			{"[1, 2].exists(i, (%s) && i == 3)", rule.VerdictNotMatched, false},
			{"!repo.private && (%s)", rule.VerdictMatched, true},
			{"(%s) && !repo.private", rule.VerdictMatched, true},
		} {
			t.Run(name+" "+form.cond, func(t *testing.T) {
				t.Parallel()
				web := &countingHub{}
				p, err := hub.ParsePayload([]byte(tc.body))
				if err != nil {
					t.Fatal(err)
				}
				set := twoRules(t, tc.on, fmt.Sprintf(form.cond, tc.fact))
				outcomes := set.Match(t.Context(), rule.Delivery{ID: "d", Body: []byte(tc.body), Payload: p}, FactsOf(web.client(t), p))
				for _, o := range outcomes {
					if o.Verdict != form.verdict {
						t.Errorf("%s: %s (%s), want %s", o.RuleID, o.Verdict, o.Reason, form.verdict)
					}
				}
				want := tc.want
				if !form.asked {
					want = nil
				}
				if diff := cmp.Diff(want, web.calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestFailedFactIsTriedAgain has the Hub refuse a look-up: all rules that need it are undecided at the cost of one call,
// and the delivery is matched again a few times before that stands.
func TestFailedFactIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		times, calls int
		want         rule.Verdict
	}{
		"for a while": {times: 2, calls: 3, want: rule.VerdictMatched}, "for long": {times: 9, calls: 3, want: rule.VerdictError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				web := &countingHub{broken: "/tree/", times: tc.times}
				set := twoRules(t, "repo.content", "'new.bin' in files")
				d := newDispatcher(nil, func() *rule.Set { return set }, web.client(t),
					func(context.Context) (account, error) { return account{}, nil }, 1, nil)
				p, err := hub.ParsePayload([]byte(pushBody))
				if err != nil {
					t.Fatal(err)
				}
				v, err := d.evaluate(t.Context(), &store.Delivery{ID: "d", Body: []byte(pushBody)}, p)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range v.Rules {
					if o.Verdict != tc.want {
						t.Errorf("%s: %s (%s), want %s", o.RuleID, o.Verdict, o.Reason, tc.want)
					}
				}
				if !slices.Equal(web.calls, slices.Repeat([]string{"/tree/new"}, tc.calls)) {
					t.Errorf("calls %v, want %d of the tree", web.calls, tc.calls)
				}
			})
		})
	}
}
