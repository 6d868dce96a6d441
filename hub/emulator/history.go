package emulator

import (
	"errors"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/labstack/echo/v4"
)

type commitView struct {
	ID        string         `json:"id"`
	Title     string         `json:"title"`
	Message   string         `json:"message"`
	Authors   []commitAuthor `json:"authors"`
	Date      string         `json:"date"`
	Formatted *commitHTML    `json:"formatted,omitempty"`
}

type commitAuthor struct {
	User   string `json:"user"`
	Avatar string `json:"avatar,omitempty"`
}

type commitHTML struct {
	Title   string `json:"title"`
	Message string `json:"message"`
}

// listCommits answers GET /api/{type}s/{name}/commits/{revision}, newest first, with p as the page from 0.
func (s *Server) listCommits(c echo.Context) error {
	r, head, err := s.repoAt(c)
	if err != nil {
		return err
	}
	history, err := r.history(head)
	if err != nil {
		return err
	}
	limit := number(c, "limit", 50, 1, 1000)
	at := number(c, "p", 0, 0, len(history))
	from := min(at*limit, len(history))
	to := min(from+limit, len(history))
	views := make([]commitView, 0, to-from)
	formatted := len(asked(c, "expand")) > 0
	for _, commit := range history[from:to] {
		views = append(views, s.viewCommit(commit, formatted))
	}
	if to < len(history) {
		s.link(c, "p", at+1)
	}
	c.Response().Header().Set("X-Total-Count", strconv.Itoa(len(history)))
	return c.JSON(http.StatusOK, views)
}

func (s *Server) viewCommit(commit *object.Commit, formatted bool) commitView {
	title, message, _ := strings.Cut(strings.TrimRight(commit.Message, "\n"), "\n")
	message = strings.TrimLeft(message, "\n")
	view := commitView{
		ID: commit.Hash.String(), Title: title, Message: message, Date: timestamp(commit.Committer.When),
		Authors: []commitAuthor{{User: commit.Author.Name}},
	}
	if who := s.accounts.named(commit.Author.Name); who != nil {
		view.Authors[0] = commitAuthor{User: who.name, Avatar: s.avatarURL(who)}
	}
	if formatted {
		view.Formatted = &commitHTML{Title: html.EscapeString(title), Message: html.EscapeString(message)}
	}
	return view
}

// maxHistory bounds how many commits are listed.
const maxHistory = 100_000

// history lists a commit and all before it, newest first.
func (r *repo) history(head plumbing.Hash) ([]*object.Commit, error) {
	start, err := r.commit(head)
	if err != nil {
		return nil, err
	}
	var list []*object.Commit
	err = object.NewCommitIterCTime(start, nil, nil).ForEach(func(commit *object.Commit) error {
		list = append(list, commit)
		if len(list) >= maxHistory {
			return storer.ErrStop
		}
		return nil
	})
	return list, err
}

// addLastCommits tells for each entry the newest commit along first parents that changed it.
func (r *repo) addLastCommits(head plumbing.Hash, entries []treeEntry) error {
	left := len(entries)
	for hash := head; left > 0 && !hash.IsZero(); {
		commit, tree, before, err := r.withParent(hash)
		if err != nil {
			return err
		}
		for i := range entries {
			if entries[i].LastCommit == nil && objectAt(tree, entries[i].Path) != objectAt(before, entries[i].Path) {
				title, _, _ := strings.Cut(commit.Message, "\n")
				entries[i].LastCommit = &lastCommit{hash.String(), title, timestamp(commit.Committer.When.In(time.UTC))}
				left--
			}
		}
		hash = plumbing.ZeroHash
		if len(commit.ParentHashes) > 0 {
			hash = commit.ParentHashes[0]
		}
	}
	return nil
}

// withParent reads a commit's tree and that of its first parent.
func (r *repo) withParent(hash plumbing.Hash) (commit *object.Commit, tree, before *object.Tree, err error) {
	if commit, err = r.commit(hash); err != nil {
		return nil, nil, nil, err
	}
	if tree, err = object.GetTree(r.git, commit.TreeHash); err != nil {
		return nil, nil, nil, err
	}
	parent := plumbing.ZeroHash
	if len(commit.ParentHashes) > 0 {
		parent = commit.ParentHashes[0]
	}
	before, err = r.tree(parent)
	return commit, tree, before, err
}

// objectAt is the id of what a tree has at a path, zero for nothing.
func objectAt(tree *object.Tree, path string) plumbing.Hash {
	if len(tree.Entries) == 0 {
		return plumbing.ZeroHash
	}
	entry, err := tree.FindEntry(path)
	if err != nil {
		return plumbing.ZeroHash
	}
	return entry.Hash
}

// compare answers the diff between two revisions, written "a..b", as one JSON text.
func (s *Server) compare(c echo.Context) error {
	r, _, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	a, b, ok := strings.Cut(param(c, "range"), "..")
	from, errFrom := r.resolve(a)
	to, errTo := r.resolve(strings.TrimPrefix(b, "."))
	if !ok || errors.Join(errFrom, errTo) != nil {
		return fail(c, http.StatusNotFound, codeRevisionNotFound, "Invalid rev id in: "+param(c, "range"))
	}
	text, err := r.diff(from, to)
	if err != nil {
		return err
	}
	if flag(c, "raw") {
		return c.String(http.StatusOK, text)
	}
	return c.JSON(http.StatusOK, text)
}
