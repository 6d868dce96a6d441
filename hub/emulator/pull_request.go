package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// maxCommitEvents bounds the commits that one push adds to a pull request's time line.
const maxCommitEvents = 100

// pullRequest is the git side of a pull request. Its commits are on refs/pr/N. It is guarded by the talk's lock.
type pullRequest struct {
	base        string // the ref it merges into
	head        plumbing.Hash
	mergeCommit string // 40 hex digits once merged
	merging     bool   // a merge is under way
	refDeleted  bool
}

// changes is what clients are told of the git side.
func (p *pullRequest) changes() *hub.DiscussionChanges {
	return &hub.DiscussionChanges{
		Base: p.base, MergeCommitID: p.mergeCommit, HeadCommitID: p.head.String(), RefDeleted: p.refDeleted,
	}
}

// pullRequestRef is the ref with the commits of a pull request.
func pullRequestRef(num int) string { return fmt.Sprintf("refs/pr/%d", num) }

// pullRequestInput is a pull request to open. Its head commit is stored already.
type pullRequestInput struct {
	title, description string
	draft              bool
	base               string // the ref to merge into, such as refs/heads/main
	head               plumbing.Hash
}

// openPullRequest opens a pull request and returns its number: it makes refs/pr/N and tells the webhooks of both the
// ref and the discussion. It returns 0 when the ref cannot be made, which the log explains.
func (s *Server) openPullRequest(r *repo, author *account, in pullRequestInput) int {
	num := r.talk.allot()
	ref := pullRequestRef(num)
	if err := r.setRef(ref, in.head, plumbing.ZeroHash); err != nil {
		s.opts.Log("%s: open pull request %d: %v", r.ref(), num, err)
		return 0
	}
	d := &discussion{
		num: num, title: in.title, author: author, status: statusOpen,
		pull: &pullRequest{base: in.base, head: in.head},
	}
	if in.draft {
		d.status = statusDraft
	}
	base, _ := r.head(in.base)
	told := r.talk.add(d, s.discussionLinks(r.ref()), in.description, s.newCommits(r, base, in.head))
	s.tellRefs(r, author, []hub.UpdatedRef{updatedRef(ref, plumbing.ZeroHash, in.head)})
	s.tell(r, author, "create", "discussion", told)
	return num
}

// createDraft opens a pull request that has no commits of its own yet; they are pushed or committed to refs/pr/N.
func (s *Server) createDraft(c echo.Context, at place, title, description string) error {
	head, ok := at.repo.head(mainBranch)
	if !ok {
		return deny(http.StatusBadRequest, "The repository has no commit on main to base a pull request on")
	}
	num := s.openPullRequest(at.repo, at.caller, pullRequestInput{
		title: title, description: description, draft: true, base: mainBranch, head: head,
	})
	if num == 0 {
		return deny(http.StatusInternalServerError, "The pull request's ref could not be made")
	}
	return c.JSON(http.StatusOK, map[string]any{
		"url": at.links.web(num), "num": num, "pullRequest": true, "references": map[string]string{"base": mainBranch},
	})
}

// newCommits is repo.newCommits for a time line, which does without the commits when they cannot be read.
func (s *Server) newCommits(r *repo, base, head plumbing.Hash) []*object.Commit {
	commits, err := r.newCommits(base, head)
	if err != nil {
		s.opts.Log("%s: list the commits of %s: %v", r.ref(), head, err)
	}
	return commits
}

// newCommits lists the commits that head has over base, oldest first, along first parents.
func (r *repo) newCommits(base, head plumbing.Hash) ([]*object.Commit, error) {
	from, err := r.mergeBase(base, head) // another than base when the pull request was begun earlier, or rebased
	if err != nil {
		return nil, err
	}
	var commits []*object.Commit
	for at := head; at != from && len(commits) < maxCommitEvents; {
		commit, err := r.commit(at)
		if err != nil {
			return nil, err
		}
		commits = append(commits, commit)
		if len(commit.ParentHashes) == 0 {
			break
		}
		at = commit.ParentHashes[0]
	}
	slices.Reverse(commits)
	return commits, nil
}

// addCommits notes commits in the time line.
func (d *discussion) addCommits(author *account, commits []*object.Commit) {
	for _, commit := range commits {
		subject, _, _ := strings.Cut(commit.Message, "\n")
		d.addEvent(author, "commit", map[string]any{"subject": subject, "oid": commit.Hash.String()})
	}
}

// refsUpdated is told of each push, commit, branch or tag change after it is stored, in one call per push. It notes
// new commits in the pull requests concerned, and tells the webhooks.
func (s *Server) refsUpdated(r *repo, actor *account, updates []hub.UpdatedRef) {
	for _, update := range updates {
		var num int
		if _, err := fmt.Sscanf(update.Ref, "refs/pr/%d", &num); err == nil && update.Ref == pullRequestRef(num) {
			s.pullRequestMoved(r, actor, num, update)
		}
	}
	s.tellRefs(r, actor, updates)
}

// pullRequestMoved notes in a pull request that its ref has new commits or is gone.
func (s *Server) pullRequestMoved(r *repo, actor *account, num int, update hub.UpdatedRef) {
	head := plumbing.NewHash(update.NewSHA)
	var commits []*object.Commit
	if !head.IsZero() {
		commits = s.newCommits(r, plumbing.NewHash(update.OldSHA), head)
	}
	_ = r.talk.with(num, func(d *discussion) error { // a ref whose number nobody opened is just a ref
		switch {
		case d.pull == nil:
		case head.IsZero():
			d.pull.refDeleted = true
			d.addEvent(actor, "ref-deleted", map[string]any{})
		default:
			d.pull.head = head
			d.addCommits(actor, commits)
		}
		return nil
	})
}

// tellRefs delivers moved refs to the webhooks.
func (s *Server) tellRefs(r *repo, actor *account, updates []hub.UpdatedRef) {
	s.repoEvent(r, actor, "update", "repo.content", func(p *hub.Payload) { p.UpdatedRefs = updates })
}
