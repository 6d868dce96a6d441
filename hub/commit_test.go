package hub_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

const (
	preuploadCall = "POST /api/models/acme/tiny/preupload/main"
	commitCall    = "POST /api/models/acme/tiny/commit/main"
	committed     = `{"success":true,"commitOid":"c0ffee","commitUrl":"BASE/acme/tiny/commit/c0ffee","hookOutput":""}`
)

// lines joins the lines of a commit's body.
func lines(text ...string) string { return strings.Join(text, "\n") + "\n" }

// commitFileLine is the line of a file whose content is in the commit.
func commitFileLine(path, content string) string {
	return `{"key":"file","value":{"path":"` + path + `","encoding":"base64","content":"` +
		base64.StdEncoding.EncodeToString([]byte(content)) + `"}}`
}

func TestCommitOfSmallFiles(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 200)
	client, told := serveWrites(
		t,
		exchange{
			call: preuploadCall,
			body: `{"files":[{"path":"README.md","size":5,"sample":"IyBIaQo="},` +
				`{"path":"a \"b\".txt","size":1000,"sample":"` +
				base64.StdEncoding.EncodeToString([]byte(long[:512])) + `"},{"path":"empty","size":0,"sample":""},` +
				`{"path":"cache/x","size":1,"sample":"eA=="}]}`,
			answer: `{"files":[{"path":"README.md","uploadMode":"regular","shouldIgnore":false},
				{"path":"a \"b\".txt","uploadMode":"regular","shouldIgnore":false},
				{"path":"empty","uploadMode":"lfs","shouldIgnore":false},
				{"path":"cache/x","uploadMode":"regular","shouldIgnore":true}]}`,
		},
		exchange{
			call: commitCall,
			body: lines(
				`{"key":"header","value":{"summary":"Change","description":"why","parentCommit":"`+strings.Repeat("a", 40)+`"}}`,
				commitFileLine("README.md", "# Hi\n"),
				`{"key":"deletedFile","value":{"path":"old.bin"}}`,
				commitFileLine(`a \"b\".txt`, long),
				commitFileLine("empty", ""),
			),
			answer: committed,
		},
	)
	got, err := client.Commit(t.Context(), model, hub.CommitInput{
		Summary: "Change", Description: "why", ParentCommit: strings.Repeat("a", 40),
		Files: []hub.CommitFile{
			hub.BytesFile("README.md", []byte("# Hi\n")),
			{Path: "old.bin", Delete: true},
			hub.BytesFile(`a "b".txt`, []byte(long)), hub.BytesFile("empty", nil), hub.BytesFile("cache/x", []byte("x")),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &hub.CommitResult{
		OID: "c0ffee", URL: client.Endpoint() + "/acme/tiny/commit/c0ffee", Ignored: []string{"cache/x"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]hub.Write{{Kind: hub.WriteCommit, Repo: model, ID: "c0ffee"}}, *told); diff != "" {
		t.Errorf("the observer was told something else (-want +got):\n%s", diff)
	}
}

func TestCommitOpensPullRequest(t *testing.T) {
	t.Parallel()
	client, told := serveWrites(
		t,
		exchange{
			call: "POST /api/datasets/acme/reviews/preupload/dev?create_pr=1", body: "*",
			answer: `{"files":[{"path":"a","uploadMode":"regular","shouldIgnore":false}]}`,
		},
		exchange{
			call: "POST /api/datasets/acme/reviews/commit/dev?create_pr=1", body: "*",
			answer: strings.Replace(committed, "{", `{"pullRequestUrl":"BASE/datasets/acme/reviews/discussions/12",`, 1),
		},
	)
	got, err := client.Commit(t.Context(), dataset, hub.CommitInput{
		Revision: "dev", Summary: "Fix", CreatePR: true, Files: []hub.CommitFile{hub.BytesFile("a", []byte("a"))},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.PullRequestNum != 12 || got.PullRequestURL != client.Endpoint()+"/datasets/acme/reviews/discussions/12" {
		t.Errorf("result %+v, want pull request 12", got)
	}
	want := []hub.Write{
		{Kind: hub.WriteCommit, Repo: dataset, ID: "c0ffee", Num: 12},
		{Kind: hub.WritePullRequest, Repo: dataset, ID: "12", Num: 12, Opened: true},
	}
	if diff := cmp.Diff(want, *told); diff != "" {
		t.Errorf("the observer was told something else (-want +got):\n%s", diff)
	}
}

func TestCommitThatOnlyDeletes(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "POST /api/models/acme/tiny/commit/refs%2Fpr%2F3", answer: committed,
		body: lines(summaryLine, `{"key":"deletedFile","value":{"path":"a"}}`),
	})
	_, err := client.Commit(t.Context(), model, hub.CommitInput{
		Revision: "refs/pr/3", Summary: "S", Files: []hub.CommitFile{{Path: "a", Delete: true}},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCommitAsksInBatches(t *testing.T) {
	t.Parallel()
	var files []hub.CommitFile
	answers := []string{"", ""}
	for i := range 150 {
		name := "f" + strings.Repeat("x", i)
		files = append(files, hub.BytesFile(name, []byte("a")))
		answers[i/100] += `,{"path":"` + name + `","uploadMode":"regular","shouldIgnore":false}`
	}
	client := serve(
		t,
		exchange{call: preuploadCall, body: "*", answer: `{"files":[` + answers[0][1:] + `]}`},
		exchange{call: preuploadCall, body: "*", answer: `{"files":[` + answers[1][1:] + `]}`},
		exchange{call: commitCall, body: "*", answer: committed},
	)
	if _, err := client.Commit(t.Context(), model, hub.CommitInput{Summary: "Many", Files: files}); err != nil {
		t.Error(err)
	}
}

func TestCommitFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	regular := exchange{
		call: preuploadCall, body: "*", answer: `{"files":[{"path":"a","uploadMode":"regular","shouldIgnore":false}]}`,
	}
	tests := map[string]struct {
		file      hub.CommitFile
		exchanges []exchange
		want      string
	}{
		"the branch moved on": {
			hub.BytesFile("a", []byte("a")), []exchange{regular, {
				call: commitCall, body: "*", status: 412, answer: `{"error":"The branch was updated since you opened this page."}`,
			}}, "412 Precondition Failed: The branch was updated",
		},
		"no right": {
			hub.BytesFile("a", []byte("a")), []exchange{{call: preuploadCall, body: "*", status: 403}}, "403",
		},
		"no answer for the file": {
			hub.BytesFile("a", []byte("a")), []exchange{{call: preuploadCall, body: "*", answer: `{"files":[]}`}}, "unknown way",
		},
		"a new way to upload": {
			hub.BytesFile("a", []byte("a")),
			[]exchange{{call: preuploadCall, body: "*", answer: `{"files":[{"path":"a","uploadMode":"pigeon"}]}`}},
			`"pigeon"`,
		},
		"no content": {hub.CommitFile{Path: "a", Size: 1}, nil, "no content to open"},
		"cannot open": {
			hub.CommitFile{Path: "a", Size: 1, Open: func() (io.ReadCloser, error) { return nil, broken }}, nil, "disk on fire",
		},
		"cannot read": {
			hub.CommitFile{Path: "a", Size: 1, Open: func() (io.ReadCloser, error) {
				return io.NopCloser(iotest.ErrReader(broken)), nil
			}}, nil, "disk on fire",
		},
		"shorter than said": {
			hub.CommitFile{Path: "a", Size: 9, Open: hub.BytesFile("", []byte("abc")).Open}, nil, "read its start",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, told := serveWrites(t, test.exchanges...)
			got, err := client.Commit(t.Context(), model, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{test.file}})
			if err == nil || !strings.Contains(err.Error(), test.want) || got != nil || len(*told) > 0 {
				t.Errorf("Commit = %+v, %v, told %v; want an error with %q", got, err, *told, test.want)
			}
			if hub.IsOutdated(err) != (name == "the branch moved on") {
				t.Errorf("IsOutdated is wrong for %v", err)
			}
		})
	}
}

// A content that turns out longer than announced must not become a commit: the Hub sees the body break off.
func TestCommitOfWrongSizeBreaksOff(t *testing.T) {
	t.Parallel()
	brokeOff := make(chan bool, 1)
	client := serve(t, exchange{
		call: preuploadCall, body: "*", answer: `{"files":[{"path":"a","uploadMode":"regular","shouldIgnore":false}]}`,
	})
	carrier := client.HTTP().Transport
	client, err := hub.New(client.Endpoint(), testToken, hub.WithHTTPClient(&http.Client{
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(r.URL.Path, "/commit/") {
				return carrier.RoundTrip(r)
			}
			_, err := io.ReadAll(r.Body)
			brokeOff <- err != nil
			return nil, err
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	file := hub.CommitFile{Path: "a", Size: 3, Open: hub.BytesFile("", []byte("abcdef")).Open}
	_, err = client.Commit(t.Context(), model, hub.CommitInput{Summary: "S", Files: []hub.CommitFile{file}})
	if err == nil || !strings.Contains(err.Error(), "announced 3 bytes") || !<-brokeOff {
		t.Errorf("Commit = %v, want an error about the size", err)
	}
}

func TestCommitDeletesFolders(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{call: commitCall, answer: committed, body: lines(
		summaryLine, `{"key":"deletedFolder","value":{"path":"old/"}}`, `{"key":"deletedFile","value":{"path":"a"}}`,
	)})
	_, err := client.Commit(t.Context(), model, hub.CommitInput{
		Summary: "S", Files: []hub.CommitFile{{Path: "old/", Delete: true}, {Path: "a", Delete: true}},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCommitMovesFiles(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{
			call: preuploadCall, body: "*",
			answer: `{"files":[{"path":"b","uploadMode":"regular","shouldIgnore":false}]}`,
		},
		exchange{call: commitCall, answer: committed, body: lines(
			summaryLine, `{"key":"file","value":{"path":"new/a","oldPath":"a"}}`,
			`{"key":"file","value":{"path":"b","oldPath":"c","encoding":"base64","content":"Yg=="}}`,
		)},
	)
	changed := hub.BytesFile("b", []byte("b"))
	changed.OldPath = "c"
	_, err := client.Commit(t.Context(), model, hub.CommitInput{
		Summary: "S", Files: []hub.CommitFile{{Path: "new/a", OldPath: "a"}, changed},
	})
	if err != nil {
		t.Error(err)
	}
}
