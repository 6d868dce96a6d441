package emulator

import (
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// pusher is who moves a ref, and what the token is good for.
type pusher struct {
	*account
	credential *credential
}

func (s *Server) pusher(c echo.Context) pusher { return pusher{s.caller(c), s.credential(c)} }

// mayPush tells whether who may move a ref: owners every one, others those of their own pull requests.
func (s *Server) mayPush(r *repo, who pusher, ref string) bool {
	if who.account == nil {
		return false
	}
	if author, _ := r.pullRequestOf(ref); author == who.account && who.credential.may(mayDiscuss) {
		return true
	}
	return r.state().writableBy(who.account) && who.credential.may(mayWriteRepos)
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
