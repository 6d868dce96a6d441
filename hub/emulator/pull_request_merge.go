package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// mergeTries is how often a merge is tried anew when others move the base at the same time.
const mergeTries = 10

// mergePullRequest merges an open pull request. Webhooks are told of the base's new head and of the merge.
func (s *Server) mergePullRequest(c echo.Context, at place) error {
	var in struct {
		Comment string `json:"comment"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := checkLength("comment", in.Comment); err != nil {
		return err
	}
	if err := at.mustWrite(); err != nil {
		return err
	}
	merge, err := at.beginMerge()
	if err != nil {
		return err
	}
	moved, err := merge.run(at)
	told, said := at.endMerge(moved, in.Comment)
	if err != nil {
		return err
	}
	s.refsUpdated(at.repo, at.caller, []hub.UpdatedRef{moved})
	if said.comment != nil {
		s.tell(at.repo, at.caller, "create", "discussion.comment", said)
	}
	s.tell(at.repo, at.caller, "update", "discussion", told)
	return c.JSON(http.StatusOK, map[string]string{"mergeCommitId": moved.NewSHA})
}

// merge is a merge under way.
type merge struct {
	base    string
	message string
}

// beginMerge marks the pull request, so that no one else merges or closes it meanwhile.
func (at place) beginMerge() (m merge, err error) {
	err = at.repo.talk.with(at.num, func(d *discussion) error {
		switch {
		case d.pull == nil:
			return deny(http.StatusBadRequest, "Discussion %d is not a pull request", d.num)
		case d.status == statusDraft:
			return deny(http.StatusBadRequest, "A draft cannot be merged: publish it first (status open)")
		case d.status != statusOpen:
			return deny(http.StatusBadRequest, "This pull request is %s and cannot be merged", d.status)
		case d.pull.refDeleted:
			return deny(http.StatusBadRequest, "The ref of this pull request was deleted")
		case d.pull.merging:
			return deny(http.StatusConflict, "This pull request is being merged")
		}
		d.pull.merging = true
		m = merge{base: d.pull.base, message: fmt.Sprintf("%s (#%d)", d.title, d.num)}
		return nil
	})
	return m, err
}

// run makes the merge commit and moves the base to it.
func (m merge) run(at place) (hub.UpdatedRef, error) {
	for range mergeTries {
		base, ok := at.repo.head(m.base)
		if !ok {
			return hub.UpdatedRef{}, deny(http.StatusConflict, "The base %s does not exist any more", m.base)
		}
		head, ok := at.repo.head(pullRequestRef(at.num))
		if !ok {
			return hub.UpdatedRef{}, deny(http.StatusConflict, "The ref of this pull request was deleted")
		}
		commit, conflicts, err := at.repo.mergeInto(base, head, at.caller, m.message)
		if err != nil {
			return hub.UpdatedRef{}, fmt.Errorf("merge pull request %d of %s: %w", at.num, at.ref, err)
		}
		if len(conflicts) > 0 {
			return hub.UpdatedRef{}, deny(http.StatusConflict,
				"The pull request conflicts with %s in: %s", m.base, strings.Join(conflicts, ", "))
		}
		err = at.repo.setRef(m.base, commit, base)
		if err == nil {
			at.repo.touch()
			return updatedRef(m.base, base, commit), nil
		}
		if !errors.Is(err, errRefMoved) {
			return hub.UpdatedRef{}, fmt.Errorf("merge pull request %d of %s: %w", at.num, at.ref, err)
		}
	}
	return hub.UpdatedRef{}, deny(http.StatusConflict, "%s is updated too often: try again", m.base)
}

// endMerge takes the mark off and, when the base has moved, notes the merge.
func (at place) endMerge(moved hub.UpdatedRef, comment string) (told, said discussionNews) {
	_ = at.repo.talk.with(at.num, func(d *discussion) error { // still there: the mark kept it from being deleted
		d.pull.merging = false
		if moved.NewSHA == "" {
			return nil
		}
		if comment != "" {
			said = d.news(at.links, d.addComment(at.caller, comment))
		}
		d.status, d.pull.mergeCommit = statusMerged, moved.NewSHA
		d.addEvent(at.caller, "status-change", map[string]any{"status": statusMerged})
		told = d.news(at.links, nil)
		return nil
	})
	return told, said
}

// deletePullRequestRef deletes refs/pr/N of a pull request that is closed or merged.
func (s *Server) deletePullRequestRef(c echo.Context, at place) error {
	err := at.repo.talk.with(at.num, func(d *discussion) error {
		if err := at.mayManage(d); err != nil {
			return err
		}
		switch {
		case d.pull == nil:
			return deny(http.StatusBadRequest, "Discussion %d is not a pull request", d.num)
		case !d.over():
			return deny(http.StatusBadRequest, "Close or merge the pull request before its ref is deleted")
		}
		return nil
	})
	if err != nil {
		return err
	}
	ref := pullRequestRef(at.num)
	head, ok := at.repo.head(ref)
	if !ok {
		return deny(http.StatusNotFound, "The ref %s is deleted already", ref)
	}
	if err := at.repo.setRef(ref, plumbing.ZeroHash, head); err != nil {
		return deny(http.StatusConflict, "%s: %v", ref, err)
	}
	s.refsUpdated(at.repo, at.caller, []hub.UpdatedRef{updatedRef(ref, head, plumbing.ZeroHash)})
	return c.NoContent(http.StatusOK)
}
