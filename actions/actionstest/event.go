package actionstest

import (
	"fmt"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

// mainRef is the ref that most events are about.
const mainRef = "refs/heads/main"

// Repo makes a public repository of the user with files, and returns its name.
func (h *Harness) Repo(t testing.TB, kind hub.RepoType, files map[string]string) hub.RepoRef {
	t.Helper()
	h.mu.Lock()
	h.made++
	repo := hub.RepoRef{Type: kind, Name: fmt.Sprintf("%s/repo-%d", UserName, h.made)}
	h.repos = append(h.repos, repo)
	h.mu.Unlock()
	opts := hub.CreateRepoOptions{}
	if kind == hub.Space {
		opts.SpaceSDK = "static"
	}
	if err := h.User.CreateRepo(t.Context(), repo, opts); err != nil {
		t.Fatalf("make %s: %v", repo, err)
	}
	if len(files) > 0 {
		h.Commit(t, repo, files)
	}
	return repo
}

// Commit writes files to main as the user and returns the commit.
func (h *Harness) Commit(t testing.TB, repo hub.RepoRef, files map[string]string) (sha string) {
	t.Helper()
	in := hub.CommitInput{Summary: "Add files"}
	for path, content := range files {
		in.Files = append(in.Files, hub.BytesFile(path, []byte(content)))
	}
	result, err := h.User.Commit(t.Context(), repo, in)
	if err != nil {
		t.Fatalf("commit to %s: %v", repo, err)
	}
	return result.OID
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
	who, err := h.User.WhoAmI(t.Context())
	if err != nil {
		t.Fatalf("who is the user: %v", err)
	}
	event := h.event(t, repo, "discussion", "create")
	event.Discussion = &hub.PayloadDiscussion{
		ID: fmt.Sprintf("%024x", opened.Num), Title: title, Status: "open", Num: opened.Num, Author: hub.Owner{ID: who.ID},
		URL: hub.URLs{Web: opened.URL},
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
