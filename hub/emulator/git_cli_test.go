package emulator

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gitUser runs the real git in a folder of its own, without the machine's settings.
type gitUser struct {
	t    testing.TB
	home string
	conf []string // arguments before the command
}

func newGitUser(t testing.TB, conf ...string) gitUser {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("these tests need the git command: ", err)
	}
	return gitUser{t: t, home: t.TempDir(), conf: append([]string{
		"-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main",
		"-c", "advice.detachedHead=false",
	}, conf...)}
}

// try runs git in a folder below home and returns all it prints.
func (g gitUser) try(dir string, args ...string) (string, error) {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), "git", append(g.conf, args...)...)
	cmd.Dir = filepath.Join(g.home, dir)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + g.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
	}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// run is try for what has to succeed.
func (g gitUser) run(dir string, args ...string) string {
	g.t.Helper()
	out, err := g.try(dir, args...)
	if err != nil {
		g.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// refused is try for what has to fail, with a text that contains want.
func (g gitUser) refused(want, dir string, args ...string) {
	g.t.Helper()
	out, err := g.try(dir, args...)
	if err == nil || !strings.Contains(out, want) {
		g.t.Fatalf("git %s: error %v, output lacks %q:\n%s", strings.Join(args, " "), err, want, out)
	}
}

// write puts a file into a clone and commits it.
func (g gitUser) write(dir, path, content string) string {
	g.t.Helper()
	full := filepath.Join(g.home, dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		g.t.Fatal(err)
	}
	g.run(dir, "add", path)
	g.run(dir, "commit", "-q", "-m", "write "+path)
	return g.run(dir, "rev-parse", "HEAD")
}

// remote is the address of a repository with user's token in it.
func (l local) remote(user, path string) string {
	l.t.Helper()
	at, err := url.Parse(l.URL())
	if err != nil {
		l.t.Fatal(err)
	}
	at.User = url.UserPassword("any-name", "hf_"+user)
	if user == "" {
		at.User = nil
	}
	return at.String() + path
}

// everyProtocol runs a test with the versions of git's protocol that clients ask for.
func everyProtocol(t *testing.T, test func(t *testing.T, l local, g gitUser)) {
	t.Parallel()
	for _, version := range []string{"0", "2"} {
		t.Run("protocol "+version, func(t *testing.T) {
			t.Parallel()
			test(t, startLocal(t, Options{}), newGitUser(t, "-c", "protocol.version="+version))
		})
	}
}

func TestGitPushAndClone(t *testing.T) {
	everyProtocol(t, func(t *testing.T, l local, g gitUser) {
		l.makeRepo("model", "tiny", "")
		g.run("", "clone", "-q", l.remote("ann", "/ann/tiny"), "a")
		first := g.write("a", "deep/er/file.txt", strings.Repeat("one\n", 5000))
		g.run("a", "push", "-q", "origin", "main")
		if got := mustHead(t, l.find("ann/tiny"), mainBranch).String(); got != first {
			t.Fatalf("main is at %s, want %s", got, first)
		}
		second := g.write("a", "deep/er/file.txt", strings.Repeat("one\n", 5000)+"two\n") // sent as a delta
		g.run("a", "push", "-q", "origin", "main")

		g.run("", "clone", "-q", l.remote("", "/ann/tiny.git"), "b")
		g.run("b", "fsck", "--full", "--strict")
		if got := g.run("b", "rev-parse", "HEAD"); got != second {
			t.Fatalf("the clone is at %s, want %s", got, second)
		}
		third := g.write("a", "new.txt", "new")
		g.run("a", "push", "-q", "origin", "main")
		g.run("b", "pull", "-q")
		if got := g.run("b", "rev-parse", "HEAD"); got != third {
			t.Fatalf("after pull the clone is at %s, want %s", got, third)
		}
	})
}

func TestGitShallowFetch(t *testing.T) {
	everyProtocol(t, func(t *testing.T, l local, g gitUser) {
		api := l.makeRepo("model", "tiny", "")
		var commits []string
		for i := range 8 {
			made := l.commit("ann", api, "main", "", "file.txt", fmt.Sprint("content ", i))
			commits = append(commits, made.field("commitOid").(string))
		}
		g.run("", "init", "-q", "a")
		g.run("a", "remote", "add", "origin", l.remote("", "/ann/tiny"))
		g.run("a", "fetch", "-q", "--depth", "1", "origin", commits[5])
		g.run("a", "checkout", "-q", "FETCH_HEAD")
		wantCount := func(rev, want string) {
			t.Helper()
			if got := g.run("a", "rev-list", "--count", rev); got != want {
				t.Fatalf("%s commits behind %s, want %s", got, rev, want)
			}
			g.run("a", "fsck", "--full", "--strict")
		}
		wantCount("HEAD", "1")
		g.run("a", "fetch", "-q", "--depth", "3", "origin", commits[5])
		wantCount("HEAD", "3")
		g.run("a", "fetch", "-q", "--unshallow", "origin", "main")
		wantCount("FETCH_HEAD", "9") // with the first commit of the repository
		g.refused("not our ref", "a", "fetch", "origin", strings.Repeat("12", 20))
	})
}

func TestGitPartialClone(t *testing.T) {
	everyProtocol(t, func(t *testing.T, l local, g gitUser) {
		api := l.makeRepo("model", "tiny", "")
		l.commit("ann", api, "main", "", "small.txt", "small")
		l.commit("ann", api, "main", "", "large.txt", strings.Repeat("large", 1000))
		g.run("", "clone", "-q", "--no-checkout", "--filter=blob:limit=1k", l.remote("", "/ann/tiny"), "a")
		missing := g.run("a", "rev-list", "--objects", "--missing=print", "HEAD")
		if strings.Count(missing, "\n?") != 2 { // large.txt and .gitattributes
			t.Fatalf("want two missing blobs:\n%s", missing)
		}
		g.run("a", "checkout", "-q", "main") // fetches what is missing
		if content, err := os.ReadFile(filepath.Join(g.home, "a/large.txt")); err != nil || len(content) != 5000 {
			t.Fatalf("large.txt has %d bytes, %v", len(content), err)
		}
	})
}

func TestGitPullRequestRef(t *testing.T) {
	everyProtocol(t, func(t *testing.T, l local, g gitUser) {
		api := l.makeRepo("model", "tiny", "")
		made := l.commit("bob", api, "main", "?create_pr=1", "idea.txt", "idea")
		want := made.field("commitOid").(string)
		g.run("", "clone", "-q", l.remote("bob", "/ann/tiny"), "a")
		g.run("a", "fetch", "-q", "origin", "refs/pr/1:pr/1")
		if got := g.run("a", "rev-parse", "pr/1"); got != want {
			t.Fatalf("refs/pr/1 is at %s, want %s", got, want)
		}
		g.run("a", "checkout", "-q", "pr/1")
		more := g.write("a", "more.txt", "more")
		g.run("a", "push", "-q", "origin", "pr/1:refs/pr/1")
		details := l.call("ann", "GET", api+"/discussions/1", "", 200)
		if got := details.field("changes", "headCommitId"); got != more {
			t.Fatalf("the pull request's head is %v, want %s", got, more)
		}
		g.refused("not allowed to push", "a", "push", "origin", "HEAD:refs/heads/main")
		g.refused("not allowed to push", "a", "push", "origin", "HEAD:refs/pr/2")
	})
}

func TestGitBranchesAndTags(t *testing.T) {
	everyProtocol(t, func(t *testing.T, l local, g gitUser) {
		api := l.makeRepo("dataset", "rows", "")
		g.run("", "clone", "-q", l.remote("ann", "/datasets/ann/rows"), "a")
		head := g.write("a", "README.md", "---\nlicense: mit\n---\n")
		g.run("a", "tag", "-a", "v1", "-m", "first")
		g.run("a", "push", "-q", "--atomic", "origin", "main", "HEAD:refs/heads/side", "v1")
		refs := l.call("", "GET", api+"/refs", "", 200)
		if got := refs.field("tags", 0, "targetCommit"); got != head {
			t.Fatalf("v1 is at %v, want %s", got, head)
		}
		if got := refs.field("branches", 1, "name"); got != "side" {
			t.Fatalf("second branch is %v", got)
		}
		g.run("", "clone", "-q", "--branch", "v1", l.remote("", "/datasets/ann/rows"), "b")
		g.run("b", "fsck", "--full", "--strict")
		g.run("a", "push", "-q", "origin", ":side", ":v1")
		if refs := l.call("", "GET", api+"/refs", "", 200); refs.field("branches", 1) != nil || refs.field("tags", 0) != nil {
			t.Fatalf("still there: %v", refs.body)
		}
		g.refused("cannot be deleted", "a", "push", "origin", ":main")
		g.refused("cannot be pushed", "a", "push", "origin", "HEAD:refs/secret/x")
	})
}

func TestGitStalePush(t *testing.T) {
	everyProtocol(t, func(t *testing.T, l local, g gitUser) {
		api := l.makeRepo("model", "tiny", "")
		g.run("", "clone", "-q", l.remote("ann", "/ann/tiny"), "a")
		l.commit("ann", api, "main", "", "other.txt", "other")
		mine := g.write("a", "mine.txt", "mine")
		g.refused("rejected", "a", "push", "origin", "main")
		g.run("a", "push", "-q", "--force", "origin", "main")
		if got := mustHead(t, l.find("ann/tiny"), mainBranch).String(); got != mine {
			t.Fatalf("main is at %s, want %s", got, mine)
		}
	})
}

func TestGitRefusedContent(t *testing.T) {
	t.Parallel()
	l, g := startLocal(t, Options{}), newGitUser(t)
	l.makeRepo("model", "tiny", "")
	before := mustHead(t, l.find("ann/tiny"), mainBranch)
	pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 5\n", 7)
	for name, test := range map[string]struct{ path, content, want string }{
		"large file":    {"dir/big.txt", strings.Repeat("x", maxRegularFile+1), "larger than 10 MiB"},
		"bad card":      {"README.md", "---\nlicense: [\n---\n", "not a valid YAML"},
		"bad license":   {"README.md", "---\nlicense: mine\n---\n", `"license" must be one of [apache-2.0, mit,`},
		"empty pointer": {"model.bin", pointer, "LFS pointer"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := strings.ReplaceAll(name, " ", "-")
			g.run("", "clone", "-q", l.remote("ann", "/ann/tiny"), dir)
			g.write(dir, test.path, test.content)
			g.refused(test.want, dir, "push", "origin", "main")
			g.refused(test.want, dir, "push", "origin", "main:other")
			if after := mustHead(t, l.find("ann/tiny"), mainBranch); after != before {
				t.Fatalf("main moved to %s", after)
			}
			if _, ok := l.find("ann/tiny").head("refs/heads/other"); ok {
				t.Fatal("the branch was made")
			}
		})
	}
}

func TestGitAccess(t *testing.T) {
	t.Parallel()
	l, g := startLocal(t, Options{}), newGitUser(t)
	l.makeRepo("model", "open", "")
	l.makeRepo("model", "secret", `,"private":true`)
	g.run("", "clone", "-q", l.remote("ann", "/ann/secret"), "mine")
	g.refused("could not read Username", "", "clone", l.remote("", "/ann/secret"))
	g.refused("not found", "", "clone", l.remote("bob", "/ann/secret"))
	g.refused("not found", "", "clone", l.remote("bob", "/ann/missing"))
	g.refused("Authentication failed", "", "clone", l.remote("nobody", "/ann/secret"))
	g.run("", "clone", "-q", l.remote("", "/ann/open"), "open")
	g.write("open", "a.txt", "a")
	g.refused("could not read Username", "open", "push", "origin", "main")
	g.refused("not allowed to push", "open", "push", l.remote("bob", "/ann/open"), "main")
}

func TestGitFollowsMovedRepo(t *testing.T) {
	t.Parallel()
	l, g := startLocal(t, Options{}), newGitUser(t)
	l.makeRepo("model", "before", "")
	l.call("ann", "POST", "/api/repos/move", `{"fromRepo":"ann/before","toRepo":"ann/after","type":"model"}`, 200)
	g.run("", "clone", "-q", l.remote("ann", "/ann/before"), "a")
	head := g.write("a", "a.txt", "a")
	g.run("a", "push", "-q", "origin", "main")
	if got := mustHead(t, l.find("ann/after"), mainBranch).String(); got != head {
		t.Fatalf("main is at %s, want %s", got, head)
	}
}

// A large push is announced by a request with an empty list of commands, and sent in chunks.
func TestGitLargePush(t *testing.T) {
	t.Parallel()
	l, g := startLocal(t, Options{}), newGitUser(t)
	l.makeRepo("model", "tiny", "")
	g.run("", "clone", "-q", l.remote("ann", "/ann/tiny"), "a")
	for i := range 5 {
		g.write("a", fmt.Sprintf("noise%d.txt", i), noise(i, 200_000))
	}
	g.run("a", "-c", "http.postBuffer=1024", "push", "-q", "origin", "main")
	g.run("", "clone", "-q", l.remote("", "/ann/tiny"), "b")
	if got, want := g.run("b", "rev-parse", "HEAD"), g.run("a", "rev-parse", "HEAD"); got != want {
		t.Fatalf("the clone is at %s, want %s", got, want)
	}
}

// noise is text that does not compress well, the same for the same seed.
func noise(seed, length int) string {
	var text strings.Builder
	state := uint32(seed)*2654435761 + 1
	for text.Len() < length {
		state = state*1664525 + 1013904223
		text.WriteByte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-"[state>>26])
	}
	return text.String()
}
