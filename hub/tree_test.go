package hub_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

const treeAnswer = `[{"type":"directory","oid":"d","size":0,"path":"sub"},
	{"type":"file","oid":"f","size":7,"path":"sub/README.md"},
	{"type":"file","oid":"p","size":99,"path":"w.bin","lfs":{"oid":"5ba","size":99,"pointerSize":130},"xetHash":"x"}]`

var treeEntries = []hub.TreeEntry{
	{Type: "directory", OID: "d", Path: "sub"},
	{Type: "file", OID: "f", Path: "sub/README.md", Size: 7},
	{Type: "file", OID: "p", Path: "w.bin", Size: 99, LFS: &hub.LFS{SHA256: "5ba", Size: 99}},
}

func TestTree(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/models/acme/tiny/tree/refs%2Fpr%2F3?expand=false&recursive=true", answer: treeAnswer,
	})
	var got []hub.TreeEntry
	for entry, err := range client.Tree(t.Context(), model, "refs/pr/3") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry)
	}
	if diff := cmp.Diff(treeEntries, got); diff != "" {
		t.Errorf("tree differs (-want +got):\n%s", diff)
	}
}

func TestPathsInfo(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "POST /api/models/acme/tiny/paths-info/v1", body: `{"paths":["sub","w.bin","none"],"expand":false}`,
		answer: treeAnswer,
	})
	got, err := client.PathsInfo(t.Context(), model, "v1", []string{"sub", "w.bin", "none"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(treeEntries, got); diff != "" {
		t.Errorf("entries differ (-want +got):\n%s", diff)
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	client := serve(t, exchange{
		call: "GET /api/models/acme/tiny/tree/main/a%20b/c?expand=true&recursive=false",
		answer: `[{"type":"file","path":"a b/c/w.bin","oid":"x","size":3,"lastCommit":{"id":"c1","title":"Add",
			"date":"2026-01-02T03:04:05.000Z"},"securityFileStatus":{"status":"safe","avScan":{}}},{"type":"directory","path":"d"}]`,
	})
	var got []hub.TreeEntry
	for entry, err := range client.Folder(t.Context(), model, "", "a b/c") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry)
	}
	want := []hub.TreeEntry{
		{
			Type: "file", Path: "a b/c/w.bin", OID: "x", Size: 3, Security: &hub.FileSecurity{Status: "safe"},
			LastCommit: &hub.EntryCommit{ID: "c1", Title: "Add", Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		},
		{Type: "directory", Path: "d"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries differ (-want +got):\n%s", diff)
	}
}

func TestTreeSizeAndCommitCount(t *testing.T) {
	t.Parallel()
	client := serve(
		t,
		exchange{call: "GET /api/models/acme/tiny/treesize/main/a/b", answer: `{"path":"a/b","size":5000000000}`},
		exchange{
			call: "GET /api/models/acme/tiny/commits/main?limit=1", answer: `[]`,
			header: http.Header{"X-Total-Count": {"42"}},
		},
		exchange{call: "GET /api/models/acme/tiny/commits/main?limit=1", answer: `[]`},
	)
	if size, err := client.TreeSize(t.Context(), model, "", "a/b"); err != nil || size != 5_000_000_000 {
		t.Errorf("TreeSize = %d, %v", size, err)
	}
	if count, err := client.CommitCount(t.Context(), model, ""); err != nil || count != 42 {
		t.Errorf("CommitCount = %d, %v", count, err)
	}
	if _, err := client.CommitCount(t.Context(), model, ""); err == nil {
		t.Error("a count is made up")
	}
}
