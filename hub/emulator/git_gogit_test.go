package emulator

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"
)

// as is how go-git logs in as user.
func as(user string) transport.AuthMethod {
	return &githttp.BasicAuth{Username: "any", Password: "hf_" + user}
}

func TestGoGitPushAndClone(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "tiny", "")
	sha, err := Push(t.Context(), PushInput{
		Remote: l.URL() + "/ann/tiny", User: "ann", Token: "hf_ann", Message: "Add the model",
		Files: map[string][]byte{"dir/weights.txt": []byte("weights"), "README.md": []byte("# Tiny\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	files := memfs.New()
	clone, err := git.CloneContext(t.Context(), memory.NewStorage(), files, &git.CloneOptions{URL: l.URL() + "/ann/tiny"})
	if err != nil {
		t.Fatal(err)
	}
	if head, err := clone.Head(); err != nil || head.Hash().String() != sha {
		t.Fatalf("the clone is at %v (%v), want %s", head, err, sha)
	}
	if _, err := files.Stat("dir/weights.txt"); err != nil {
		t.Fatal(err)
	}
}

func TestGoGitShallowFetchOfOneCommit(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	var commits []string
	for i := range 3 {
		commits = append(commits, l.commit("ann", api, "main", "", "file.txt", fmt.Sprint(i)).field("commitOid").(string))
	}
	store := memory.NewStorage()
	remote := git.NewRemote(store, &config.RemoteConfig{Name: "origin", URLs: []string{l.URL() + "/ann/tiny"}})
	err := remote.FetchContext(t.Context(), &git.FetchOptions{
		RefSpecs: []config.RefSpec{config.RefSpec(commits[1] + ":refs/bot/head")}, Depth: 1, Tags: git.NoTags,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(store.Commits) != 1 || store.Commits[plumbing.NewHash(commits[1])] == nil {
		t.Fatalf("fetched %d commits, want only %s", len(store.Commits), commits[1])
	}
	err = remote.FetchContext(t.Context(), &git.FetchOptions{
		RefSpecs: []config.RefSpec{config.RefSpec(strings.Repeat("12", 20) + ":refs/bot/none")}, Depth: 1, Tags: git.NoTags,
	})
	if err == nil || !strings.Contains(err.Error(), "not our ref") {
		t.Fatalf("an unknown commit gives %v", err)
	}
}

func TestGoGitErrors(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "secret", `,"private":true`)
	for name, test := range map[string]struct {
		auth transport.AuthMethod
		path string
		want error
	}{
		"anonymous":     {nil, "/ann/secret", transport.ErrAuthenticationRequired},
		"unknown token": {as("nobody"), "/ann/secret", transport.ErrAuthenticationRequired},
		"stranger":      {as("bob"), "/ann/secret", transport.ErrRepositoryNotFound},
		"missing":       {as("ann"), "/ann/missing", transport.ErrRepositoryNotFound},
		"owner":         {as("ann"), "/ann/secret", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := git.CloneContext(t.Context(), memory.NewStorage(), nil,
				&git.CloneOptions{URL: l.URL() + test.path, Auth: test.auth, NoCheckout: true})
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
		})
	}
}

// pushTip pushes a new commit of one file on top of a clone of main to a ref.
func pushTip(t *testing.T, l local, user, ref, path, content string) error {
	t.Helper()
	files := memfs.New()
	clone, err := git.CloneContext(t.Context(), memory.NewStorage(), files,
		&git.CloneOptions{URL: l.URL() + "/ann/tiny", Auth: as(user)})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := clone.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	file, err := files.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Add(path); err != nil {
		t.Fatal(err)
	}
	author := (&account{name: user}).signature()
	commit, err := tree.Commit("write "+path, &git.CommitOptions{Author: &author})
	if err != nil {
		t.Fatal(err)
	}
	return clone.PushContext(t.Context(), &git.PushOptions{
		Auth: as(user), RefSpecs: []config.RefSpec{config.RefSpec(commit.String() + ":" + ref)},
	})
}

func TestGoGitRefusedPush(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "tiny", "")
	for name, test := range map[string]struct{ user, ref, content, want string }{
		"large file":      {"ann", "refs/heads/main", strings.Repeat("x", maxRegularFile+1), "larger than 10 MiB"},
		"foreign branch":  {"bob", "refs/heads/main", "x", "not allowed"},
		"no pull request": {"ann", "refs/pr/9", "x", "no open pull request"},
	} {
		t.Run(name, func(t *testing.T) {
			err := pushTip(t, l, test.user, test.ref, "file.txt", test.content)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestGoGitPushToOwnPullRequest(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "tiny", "")
	l.call("bob", "POST", api+"/discussions", `{"title":"An idea","description":"d","pullRequest":true}`, 200)
	if err := pushTip(t, l, "bob", "refs/pr/1", "idea.txt", "idea"); err != nil {
		t.Fatal(err)
	}
	found := l.call("ann", "POST", api+"/paths-info/refs%2Fpr%2F1", `{"paths":["idea.txt","none"]}`, 200)
	if found.field(0, "path") != "idea.txt" || found.field(1) != nil {
		t.Fatalf("paths: %v", found.body)
	}
}
