package actionstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

// mainRef is the ref that most events are about.
const mainRef = "refs/heads/main"

// Repo makes a public repository of the user with files, and returns its name. The bot may read it, open discussions
// and pull requests, and comment, as on any repository of a stranger.
func (h *Harness) Repo(t testing.TB, kind hub.RepoType, files map[string]string) hub.RepoRef {
	t.Helper()
	return h.makeRepo(t, h.User, UserName, kind, files)
}

// BotRepo makes a public repository that the bot may write to, its own, and returns its name.
func (h *Harness) BotRepo(t testing.TB, kind hub.RepoType, files map[string]string) hub.RepoRef {
	t.Helper()
	return h.makeRepo(t, h.Bot, BotName, kind, files)
}

// makeRepo makes a public repository of an account.
func (h *Harness) makeRepo(
	t testing.TB, owner *hub.Client, name string, kind hub.RepoType, files map[string]string,
) hub.RepoRef {
	t.Helper()
	h.mu.Lock()
	h.made++
	repo := hub.RepoRef{Type: kind, Name: fmt.Sprintf("%s/repo-%d", name, h.made)}
	h.repos = append(h.repos, repo)
	h.mu.Unlock()
	opts := hub.CreateRepoOptions{}
	if kind == hub.Space {
		opts.SpaceSDK = "static"
	}
	if err := owner.CreateRepo(t.Context(), repo, opts); err != nil {
		t.Fatalf("make %s: %v", repo, err)
	}
	if len(files) > 0 {
		commit(t, owner, repo, hub.CommitInput{}, files)
	}
	return repo
}

// Commit writes files to main as the owner and returns the commit.
func (h *Harness) Commit(t testing.TB, repo hub.RepoRef, files map[string]string) (sha string) {
	t.Helper()
	return commit(t, h.owner(repo), repo, hub.CommitInput{}, files).OID
}

// owner is the client that may write to a repository of the harness.
func (h *Harness) owner(repo hub.RepoRef) *hub.Client {
	if strings.HasPrefix(repo.Name, BotName+"/") {
		return h.Bot
	}
	return h.User
}

// commit writes files as the given account.
func commit(
	t testing.TB, who *hub.Client, repo hub.RepoRef, in hub.CommitInput, files map[string]string,
) *hub.CommitResult {
	t.Helper()
	if in.Summary == "" {
		in.Summary = "Add files"
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		in.Files = append(in.Files, hub.BytesFile(path, []byte(files[path])))
	}
	result, err := who.Commit(t.Context(), repo, in)
	if err != nil {
		t.Fatalf("commit to %s: %v", repo, err)
	}
	return result
}

// OpenPullRequest opens a pull request with files as the user and returns its event.
func (h *Harness) OpenPullRequest(
	t testing.TB, repo hub.RepoRef, title string, files map[string]string,
) *hub.Payload {
	t.Helper()
	opened := commit(t, h.User, repo, hub.CommitInput{Summary: title, CreatePR: true}, files)
	event := h.opened(t, repo, title, opened.PullRequestNum, opened.PullRequestURL)
	event.Discussion.IsPullRequest = true
	event.Discussion.Changes = &hub.DiscussionChanges{Base: mainRef}
	return event
}

// Comment comments as the user on the discussion of an event and returns the event of the comment.
func (h *Harness) Comment(t testing.TB, event *hub.Payload, text string) *hub.Payload {
	t.Helper()
	written, err := h.User.Comment(t.Context(), event.Repo.Ref(), event.Discussion.Num, text)
	if err != nil {
		t.Fatalf("comment on discussion %d of %s: %v", event.Discussion.Num, event.Repo.Name, err)
	}
	told := *event
	told.Event = hub.Event{Action: "create", Scope: "discussion.comment"}
	told.Comment = &hub.PayloadComment{
		ID: written.ID, Author: event.Discussion.Author, Content: text,
		URL: hub.URLs{Web: event.Discussion.URL.Web + "#" + written.ID},
	}
	return &told
}

// Pushed is the event of the newest push to main.
func (h *Harness) Pushed(t testing.TB, repo hub.RepoRef) *hub.Payload {
	t.Helper()
	event := h.event(t, repo, "repo.content", "update")
	event.UpdatedRefs = []hub.UpdatedRef{{Ref: mainRef, NewSHA: event.Repo.HeadSHA}}
	return event
}

// OpenDiscussion opens a discussion as the user and returns its event.
func (h *Harness) OpenDiscussion(t testing.TB, repo hub.RepoRef, title string) *hub.Payload {
	t.Helper()
	opened, err := h.User.CreateDiscussion(t.Context(), repo, hub.CreateDiscussionInput{Title: title, Description: title})
	if err != nil {
		t.Fatalf("open a discussion of %s: %v", repo, err)
	}
	return h.opened(t, repo, title, opened.Num, opened.URL)
}

// opened is the event of a discussion that the user opened.
func (h *Harness) opened(t testing.TB, repo hub.RepoRef, title string, num int, page string) *hub.Payload {
	t.Helper()
	who, err := h.User.WhoAmI(t.Context())
	if err != nil {
		t.Fatalf("who is the user: %v", err)
	}
	event := h.event(t, repo, "discussion", "create")
	event.Repo.HeadSHA = "" // the Hub tells it with what happens to the repository itself only
	event.Discussion = &hub.PayloadDiscussion{
		ID: fmt.Sprintf("%024x", num), Title: title, Status: "open", Num: num, Author: hub.Owner{ID: who.ID},
		URL: hub.URLs{Web: page},
	}
	return event
}

// event is an event about a repository as it is now.
func (h *Harness) event(t testing.TB, repo hub.RepoRef, scope, action string) *hub.Payload {
	t.Helper()
	info, err := h.User.RepoInfo(t.Context(), repo, "")
	if err != nil {
		t.Fatalf("read %s: %v", repo, err)
	}
	return &hub.Payload{
		Event: hub.Event{Action: action, Scope: scope},
		Repo: hub.Repo{
			Type: repo.Type, Name: repo.Name, ID: info.ID, Private: info.Private, HeadSHA: info.SHA,
			URL: hub.URLs{Web: h.User.RepoURL(repo)},
		},
		Webhook: hub.PayloadWebhook{ID: fmt.Sprintf("%024x", 1), Version: 3},
	}
}

// pushedSHA is the commit that an event is about.
func pushedSHA(event *hub.Payload) string {
	if len(event.UpdatedRefs) > 0 {
		return event.UpdatedRefs[0].NewSHA
	}
	return event.Repo.HeadSHA
}
