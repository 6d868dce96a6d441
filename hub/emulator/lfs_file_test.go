package emulator

import (
	"fmt"
	"strings"
	"testing"
)

// commitLFS commits an LFS file that is uploaded.
func (l local) commitLFS(user, api, path, oid string, size int) {
	l.t.Helper()
	l.call(user, "POST", api+"/commit/main", `{"key":"header","value":{"summary":"large"}}`+"\n"+fmt.Sprintf(
		`{"key":"lfsFile","value":{"path":%q,"algo":"sha256","oid":%q,"size":%d}}`, path, oid, size), 200)
}

func TestLFSFilesAreDeleted(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", t.TempDir()} {
		l := startLocal(t, Options{Data: data})
		api := l.makeRepo("model", "m", "")
		l.commit("ann", api, "main", "", "keep.txt", "keep")
		first, second := l.putLFS("ann", "/ann/m", "first content"), l.putLFS("ann", "/ann/m", "second content")
		l.commitLFS("ann", api, "deep/in/w.bin", first, 13)
		l.commitLFS("ann", api, "deep/in/w.bin", second, 14)
		l.call("ann", "POST", api+"/tag/main", `{"tag":"v1"}`, 200)
		l.commit("ann", api, "main", "", "late.txt", "late")
		l.call("ann", "POST", api+"/branch/old", "{}", 200)
		files := l.call("", "GET", api+"/lfs-files", "", 200)
		if len(files.body.([]any)) != 2 || files.field(0, "oid") != first || files.field(0, "filename") != "" ||
			files.field(1, "filename") != "deep/in/w.bin" || files.field(1, "ref") != mainBranch {
			t.Fatalf("LFS files: %v", files.body)
		}
		id := files.field(1, "fileOid").(string)

		l.call("bob", "POST", api+"/lfs-files/batch", `{"deletions":{"sha":["`+id+`"]}}`, 403)
		l.call("ann", "POST", api+"/lfs-files/batch", `{"deletions":{"sha":[]}}`, 400)
		l.call("ann", "POST", api+"/lfs-files/batch", `{"deletions":{"sha":["`+strings.Repeat("0", 64)+`"]}}`, 404)
		l.call("ann", "POST", api+"/lfs-files/batch", `{"deletions":{"sha":["`+id+`"],"rewriteHistory":true}}`, 200)
		for _, rev := range []string{"main", "v1", "old"} {
			entries := l.call("", "GET", api+"/tree/"+rev+"?recursive=true", "", 200)
			if text := fmt.Sprint(entries.body); strings.Contains(text, "deep") || !strings.Contains(text, "keep.txt") {
				t.Errorf("%s after the deletion: %s", rev, text)
			}
		}
		commits := l.call("", "GET", api+"/commits/main", "", 200)
		if n := len(commits.body.([]any)); n != 5 {
			t.Errorf("%d commits are left", n)
		}
		if left := l.call("", "GET", api+"/lfs-files", "", 200); len(left.body.([]any)) != 1 {
			t.Errorf("LFS files: %v", left.body)
		}
		if _, content := l.read("", "/ann/m/resolve/"+commits.field(2, "id").(string)+"/deep/in/w.bin"); content != "first content" {
			t.Errorf("the other file has %q", content)
		}
		l.call("ann", "DELETE", api+"/lfs-files/"+first+"?rewriteHistory=false", "", 200)
		l.call("ann", "DELETE", api+"/lfs-files/"+first, "", 404)
	}
}

func TestLFSFilesAreGivenToAnotherRepository(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	from := l.makeRepo("model", "from", "")
	oid := l.putLFS("ann", "/ann/from", "large content")
	l.call("bob", "POST", "/api/repos/create", `{"name":"to","type":"dataset"}`, 200)
	ask := func(user, target, sha string, status int) answer {
		return l.call(user, "POST", from+"/lfs-files/duplicate", fmt.Sprintf(
			`{"target":{"type":"dataset","name":%q},"files":[{"xetHash":%q,"sha256":%q}]}`, target, oid, sha), status)
	}
	ask("ann", "bob/to", oid, 403)
	ask("bob", "bob/none", oid, 404)
	if failed := ask("bob", "bob/to", strings.Repeat("0", 64), 207); failed.field("success") != false ||
		failed.field("failed", 0, "error") == nil {
		t.Errorf("a file that is not there: %v", failed.body)
	}
	if done := ask("bob", "bob/to", oid, 200); done.field("succeeded") != 1.0 {
		t.Errorf("duplicate: %v", done.body)
	}
	l.commitLFS("bob", "/api/datasets/bob/to", "w.bin", oid, 13)
	if _, content := l.read("", "/datasets/bob/to/resolve/main/w.bin"); content != "large content" {
		t.Errorf("the copy has %q", content)
	}
}
