package hub_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

const firstPage = "GET /api/models/acme/tiny/tree/main?expand=false&recursive=true"

func paths(t *testing.T, client *hub.Client) ([]string, error) {
	t.Helper()
	var paths []string
	for entry, err := range client.Tree(t.Context(), model, "") {
		if err != nil {
			return paths, err
		}
		paths = append(paths, entry.Path)
	}
	return paths, nil
}

func TestListFollowsLinks(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{
			call: firstPage, answer: `[{"path":"a"},{"path":"b"}]`,
			header: http.Header{"Link": {`<BASE/api/models/acme/tiny/tree/main?cursor=x%2By>; rel="next"`}},
		},
		exchange{
			call: "GET /api/models/acme/tiny/tree/main?cursor=x%2By", answer: `[]`,
			header: http.Header{"Link": {
				`<BASE/first>; rel="first"`, `</base/api/models/acme/tiny/tree/main?cursor=z>; rel="next"`,
			}},
		},
		exchange{call: "GET /api/models/acme/tiny/tree/main?cursor=z", answer: `[{"path":"c"}]`},
	)
	got, err := paths(t, client)
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" || err != nil {
		t.Errorf("error %v, paths differ (-want +got):\n%s", err, diff)
	}
}

func TestListStopsWhenTold(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: firstPage, answer: `[{"path":"a"},{"path":"b"}]`,
		header: http.Header{"Link": {`<BASE/api/models/acme/tiny/tree/main?cursor=x>; rel="next"`}},
	})
	for entry, err := range client.Tree(t.Context(), model, "") {
		if err != nil || entry.Path != "a" {
			t.Errorf("first entry %+v, %v", entry, err)
		}
		break
	}
}

func TestListRefusesOddPages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ link, answer, want string }{
		"another host":   {`<https://evil.example/api>; rel="next"`, `[]`, "evil.example"},
		"another port":   {`<http://127.0.0.1:1/api>; rel="next"`, `[]`, "127.0.0.1:1"},
		"another scheme": {`<file:///etc/passwd>; rel="next"`, `[]`, "another host"},
		"the same page": {
			`<BASE/api/models/acme/tiny/tree/main?expand=false&recursive=true>; rel="next"`, `[]`, "same page",
		},
		"no URL":           {`<http://%zz>; rel="next"`, `[]`, "malformed"},
		"not a list":       {"", `{"error":"x"}`, "not the expected JSON"},
		"no JSON":          {"", `<html>`, "not the expected JSON"},
		"an endless entry": {"", `["` + strings.Repeat("x", 33<<20) + `"]`, "larger than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exchanges := []exchange{{call: firstPage, answer: test.answer, header: http.Header{"Link": {test.link}}}}
			if name == "the same page" { // the second page is what links to itself
				exchanges = append(exchanges, exchanges[0])
			}
			client := serve(t, exchanges...)
			if _, err := paths(t, client); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
