package emulator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-billy/v5/util"
	"github.com/go-git/go-git/v5"
	gitconfig "github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"
)

// PushInput is a push that a user makes with git.
type PushInput struct {
	Remote  string // the repository's address
	User    string
	Token   string
	Message string
	Files   map[string][]byte // added or replaced on main
}

// Push clones main, commits the files and pushes, over smart HTTP as a git client does but without a git binary, so
// that the demo and tests need none. It returns the new commit.
func Push(ctx context.Context, in PushInput) (sha string, err error) {
	auth := &githttp.BasicAuth{Username: in.User, Password: in.Token}
	clone, err := cloneMain(ctx, in.Remote, auth)
	if err != nil {
		return "", fmt.Errorf("clone %s: %w", in.Remote, err)
	}
	tree, err := clone.Worktree()
	if err != nil {
		return "", err
	}
	for path, content := range in.Files {
		if err := util.WriteFile(tree.Filesystem, path, content, 0o644); err != nil {
			return "", err
		}
		if _, err := tree.Add(path); err != nil {
			return "", err
		}
	}
	author := &object.Signature{Name: in.User, Email: in.User + "@users.noreply.localhost", When: time.Now()}
	commit, err := tree.Commit(in.Message, &git.CommitOptions{Author: author})
	if err != nil {
		return "", err
	}
	err = clone.PushContext(ctx, &git.PushOptions{
		RemoteName: "origin", Auth: auth,
		RefSpecs: []gitconfig.RefSpec{gitconfig.RefSpec(commit.String() + ":refs/heads/main")},
	})
	if err != nil {
		return "", fmt.Errorf("push to %s: %w", in.Remote, err)
	}
	return commit.String(), nil
}

// cloneMain clones into memory; a repository without a commit gives an empty clone on main.
func cloneMain(ctx context.Context, remote string, auth transport.AuthMethod) (*git.Repository, error) {
	store, files := memory.NewStorage(), memfs.New()
	clone, err := git.CloneContext(ctx, store, files,
		&git.CloneOptions{URL: remote, Auth: auth, ReferenceName: "refs/heads/main"})
	if !errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return clone, err
	}
	store = memory.NewStorage()
	clone, err = git.InitWithOptions(store, memfs.New(), git.InitOptions{DefaultBranch: plumbing.Main})
	if err != nil {
		return nil, err
	}
	_, err = clone.CreateRemote(&gitconfig.RemoteConfig{Name: "origin", URLs: []string{remote}})
	return clone, err
}
