package emulator

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// sixDays makes a repository with six commits, one on each of six days, and a tag on the third.
func sixDays(l local, g gitUser) {
	l.makeRepo("model", "tiny", "")
	g.run("", "clone", "-q", l.remote("ann", "/ann/tiny"), "from")
	g.run("from", "checkout", "-q", "--orphan", "days")
	g.write("from", "large.txt", strings.Repeat("x", 5000))
	for day := 1; day <= 6; day++ {
		g.write("from", fmt.Sprintf("dir/deep/%d.txt", day), fmt.Sprint("day ", day))
		g.run("from", "commit", "-q", "--amend", "--no-edit", "--date", fmt.Sprintf("2026-01-%02dT12:00:00Z", day))
	}
	g.run("from", "rebase", "-q", "--root", "--committer-date-is-author-date")
	g.run("from", "tag", "third", "days~3")
	g.run("from", "push", "-q", "--force", "origin", "days:main", "third")
}

// TestGitDeepen changes how deep a shallow clone is, in each way that git knows.
func TestGitDeepen(t *testing.T) {
	everyProtocol(t, func(t *testing.T, l local, g gitUser) {
		sixDays(l, g)
		remote, all := l.remote("ann", "/ann/tiny"), g.run("from", "rev-list", "--count", "days")
		count := func(dir, want string) {
			t.Helper()
			if got := g.run(dir, "rev-list", "--count", "origin/main"); got != want {
				t.Fatalf("%s has %s commits, want %s", dir, got, want)
			}
			g.run(dir, "fsck", "--strict")
		}
		g.run("", "clone", "-q", "--no-tags", "--depth", "2", remote, "a")
		count("a", "2")
		g.run("a", "fetch", "-q", "--deepen", "2")
		count("a", "4")
		g.run("a", "fetch", "-q", "--depth", "3")
		count("a", "3")
		g.run("a", "fetch", "-q", "--unshallow")
		count("a", all)
		g.run("", "clone", "-q", "--single-branch", "--shallow-exclude", "third", remote, "b")
		count("b", "3")
		g.run("", "clone", "-q", "--shallow-since", "2026-01-05T00:00:00Z", remote, "c")
		count("c", "2")
		g.run("c", "fetch", "-q", "--shallow-since", "2026-01-03T00:00:00Z")
		count("c", "4")
	})
}

// TestGitFilters leaves out blobs and trees, which git gets when it needs them.
func TestGitFilters(t *testing.T) {
	everyProtocol(t, func(t *testing.T, l local, g gitUser) {
		sixDays(l, g)
		for i, test := range []struct{ filter, kept, lost string }{
			{"blob:none", "days:dir/deep", "days:large.txt"},
			{"blob:limit=1k", "days:dir/deep/6.txt", "days:large.txt"},
			{"tree:0", "days^{commit}", "days^{tree}"},
			{"tree:1", "days^{tree}", "days:dir"},
			{"tree:2", "days:large.txt", "days:dir/deep"},
			{"combine:blob:none+tree:2", "days:dir", "days:large.txt"},
		} {
			dir := fmt.Sprint("partial", i)
			g.run("", "clone", "-q", "--no-checkout", "--filter", test.filter, l.remote("ann", "/ann/tiny"), dir)
			missing := g.run(dir, "rev-list", "--objects", "--all", "--missing=print")
			if lost := g.run("from", "rev-parse", test.lost); !strings.Contains(missing, "?"+lost) {
				t.Errorf("%s: %s was sent", test.filter, test.lost)
			}
			if kept := g.run("from", "rev-parse", test.kept); strings.Contains(missing, "?"+kept) || !strings.Contains(missing, kept) {
				t.Errorf("%s: %s was not sent", test.filter, test.kept)
			}
			g.run(dir, "checkout", "-q", "main")
			if got := g.run(dir, "show", "HEAD~2:dir/deep/4.txt"); got != "day 4" {
				t.Errorf("%s: %q", test.filter, got)
			}
			g.run(dir, "fsck", "--connectivity-only")
		}
	})
}

// version2 sends a request in version 2 of the protocol and returns its status and answer.
func (l local) version2(method, path, body string) (int, string) {
	l.t.Helper()
	req, err := http.NewRequest(method, l.URL()+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Git-Protocol", "version=2")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestGitVersion2(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "tiny", "")
	head := mustHead(t, l.find("ann/tiny"), mainBranch).String()
	if status, text := l.version2("GET", "/ann/tiny/info/refs?service=git-upload-pack", ""); status != 200 ||
		!strings.HasPrefix(text, "000eversion 2\n") || !strings.Contains(text, "fetch=shallow filter\n") {
		t.Errorf("advertised: %d %q", status, text)
	}
	if status, text := l.version2("GET", "/ann/tiny/info/refs?service=git-receive-pack", ""); status != 401 {
		t.Errorf("a push has version 0 and needs a login: %d %q", status, text)
	}
	const fetch = "0011command=fetch0001"
	for _, test := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"all refs", "0014command=ls-refs\n0001" + "0009peel\n0000", 200, head + " refs/heads/main\n"},
		{
			"head", "0014command=ls-refs\n0001" + "000csymrefs\n" + "0013ref-prefix HEAD0000", 200,
			"0050" + head + " HEAD symref-target:refs/heads/main\n0000",
		},
		{"no such refs", "0014command=ls-refs\n0001" + "0019ref-prefix refs/nope\n" + "0000", 200, "0000"},
		{
			"nothing in common", fetch + "0032want " + head + "\n" + "0032have " + strings.Repeat("1", 40) + "\n0000", 200,
			"0014acknowledgments\n0008NAK\n0000",
		},
		{"something in common", fetch + "0032want " + head + "\n" + "0032have " + head + "\n0000", 200, "000aready\n0001000dpackfile\n"},
		{"unknown object", fetch + "0032want " + strings.Repeat("1", 40) + "\n0009done\n0000", 200, "not our ref"},
		{"unknown command", "0013command=nothing0000", 400, "is not supported"},
		{"unknown argument", fetch + "0009what\n0000", 400, "is not supported"},
		{"unknown ref to exclude", fetch + "0032want " + head + "\n0014deepen-not nope\n0009done\n0000", 400, "not a ref"},
		{"bad length", "zzzz", 400, "a packet of the length"},
		{"half a packet", "0014comm", 400, "half a packet"},
		{"half a length", "00", 400, "half a packet"},
	} {
		status, text := l.version2("POST", "/ann/tiny/git-upload-pack", test.body)
		if status != test.status || !strings.Contains(text, test.want) {
			t.Errorf("%s: %d %q", test.name, status, text)
		}
	}
}
