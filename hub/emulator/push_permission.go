package emulator

import (
	"strconv"
	"strings"
)

// mayPush tells whether who may move a ref: the owner every one, others those of their own pull requests.
func (s *Server) mayPush(r *repo, who *account, ref string) bool {
	if who == nil {
		return false
	}
	author, _ := r.pullRequestOf(ref)
	return author == who || r.state().writableBy(who)
}

// takesCommits tells whether a ref is that of a pull request that can still change.
func (r *repo) takesCommits(ref string) bool {
	_, status := r.pullRequestOf(ref)
	return status == statusOpen || status == statusDraft
}

// pullRequestOf finds the pull request that refs/pr/N belongs to; nothing for any other ref.
func (r *repo) pullRequestOf(ref string) (author *account, status string) {
	num, err := strconv.Atoi(strings.TrimPrefix(ref, "refs/pr/"))
	if err != nil || ref != pullRequestRef(num) {
		return nil, ""
	}
	_ = r.talk.with(num, func(d *discussion) error { // its only error is that there is none
		if d.pull != nil {
			author, status = d.author, d.status
		}
		return nil
	})
	return author, status
}
