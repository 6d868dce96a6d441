package emulator

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// FuzzCommitLines reads commits as strangers may send them.
func FuzzCommitLines(f *testing.F) {
	f.Add(`{"key":"header","value":{"summary":"s"}}` + "\n" + `{"key":"file","value":{"path":"a","content":"YQ==","encoding":"base64"}}`)
	f.Add(`{"key":"header","value":{"summary":"s","parentCommit":"0"}}` + "\n" + `{"key":"deletedFolder","value":{"path":"../x/"}}`)
	f.Add(`{"key":"header","value":{"summary":"s"}}{"key":"lfsFile","value":{"path":"w","oid":"` + strings.Repeat("a", 64) + `"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		request, err := parseCommitLines(strings.NewReader(text))
		if err != nil {
			return
		}
		r := &repo{git: newGitStore()}
		files := map[string]treeFile{}
		if r.applyChanges(files, request.changes) != nil {
			return
		}
		for path := range files {
			if checkPath(path) != nil {
				t.Errorf("the path %q was taken", path)
			}
		}
	})
}

// FuzzPushRequest reads the commands of a push.
func FuzzPushRequest(f *testing.F) {
	f.Add([]byte("0000"))
	f.Add([]byte("0098" + strings.Repeat("0", 40) + " " + strings.Repeat("a", 40) + " refs/heads/main\x00 report-status side-band-64k agent=git/2.39.5\n0000"))
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := parsePush(bytes.NewReader(body))
		if err == nil && request == nil {
			t.Error("neither a request nor an error")
		}
	})
}

// FuzzPack unpacks what a push may bring.
func FuzzPack(f *testing.F) {
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x00"))
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\x35x\x9c\x4b\x04\x00\x00\x62\x00\x62"))
	f.Fuzz(func(t *testing.T, pack []byte) {
		incoming := newQuarantine(newGitStore())
		if err := incoming.unpack(bytes.NewReader(pack)); err != nil {
			return
		}
		for hash, o := range incoming.objects {
			if o.Hash() != hash {
				t.Errorf("%s is stored as %s", o.Hash(), hash)
			}
		}
	})
}

func FuzzFetchV2(f *testing.F) {
	f.Add("0014command=ls-refs\n00010009peel\n0000")
	f.Add("0011command=fetch00010032want 0123456789012345678901234567890123456789\n0014deepen-not nope\n0009done\n0000")
	f.Add("0011command=fetch0001001cfilter combine:tree:1\n0000")
	f.Add("0011command=fetch0001001adeepen-since 99999999\n0000")
	f.Fuzz(func(_ *testing.T, body string) {
		r := &repo{git: newGitStore()}
		_ = r.answerV2(io.Discard, strings.NewReader(body))
	})
}
