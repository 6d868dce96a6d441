package hub_test

import (
	"testing"

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
