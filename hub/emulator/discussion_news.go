package emulator

import (
	"fmt"

	"github.com/hfbot/hfbot/hub"
)

// discussionLinks makes the addresses of a repository's discussions.
type discussionLinks struct{ page, api string }

// discussionLinks begin with the local Hub's own base URL.
func (s *Server) discussionLinks(ref hub.RepoRef) discussionLinks {
	return discussionLinks{page: s.URL() + ref.WebPath() + "/discussions", api: s.URL() + ref.APIPath() + "/discussions"}
}

// web is the page of a discussion or pull request.
func (l discussionLinks) web(num int) string { return fmt.Sprintf("%s/%d", l.page, num) }

// discussionNews is what a webhook is told about a discussion, as it was at that moment.
type discussionNews struct {
	discussion hub.PayloadDiscussion
	comment    *hub.PayloadComment
}

// news takes down the discussion, with the comment in question (nil: none). The talk's lock must be held.
func (d *discussion) news(links discussionLinks, about *discussionEvent) discussionNews {
	told := discussionNews{discussion: hub.PayloadDiscussion{
		ID:            d.id,
		Title:         d.title,
		URL:           hub.URLs{Web: links.web(d.num), API: fmt.Sprintf("%s/%d", links.api, d.num)},
		Status:        d.status,
		Author:        hub.Owner{ID: d.author.id},
		Num:           d.num,
		IsPullRequest: d.pull != nil,
		Pinned:        d.pinned,
	}}
	if d.pull != nil {
		told.discussion.Changes = &hub.DiscussionChanges{Base: d.pull.base, MergeCommitID: d.pull.mergeCommit}
	}
	if about != nil {
		told.comment = &hub.PayloadComment{
			ID:      about.id,
			Author:  hub.Owner{ID: about.author.id},
			Content: about.comment.text,
			Hidden:  about.comment.hiddenBy != "",
			URL:     hub.URLs{Web: links.web(d.num) + "#" + about.id},
		}
	}
	return told
}

// tell delivers news to the webhooks.
func (s *Server) tell(r *repo, actor *account, action, scope string, told discussionNews) {
	s.repoEvent(r, actor, action, scope, func(p *hub.Payload) {
		p.Discussion = &told.discussion
		p.Comment = told.comment
	})
}
