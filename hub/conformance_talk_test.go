package hub_test

import (
	"context"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

func testDiscussion(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Model, hub.CreateRepoOptions{})
	ref, err := c.client.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{Title: "First words", Description: "Hello"})
	c.must(err)
	comment, err := c.client.Comment(ctx, repo, ref.Num, "A **comment**")
	c.must(err)
	if comment.Content != "A **comment**" || comment.ID == "" || comment.Author != c.me {
		c.Errorf("the comment is %+v", comment)
	}
	edited, err := c.client.EditComment(ctx, repo, ref.Num, comment.ID, "Better")
	c.must(err)
	if edited.Content != "Better" || !edited.Edited {
		c.Errorf("the edited comment is %+v", edited)
	}
	hidden, err := c.client.HideComment(ctx, repo, ref.Num, comment.ID)
	c.must(err)
	if !hidden.Hidden || hidden.Content != "" {
		c.Errorf("the hidden comment is %+v", hidden)
	}
	c.must(c.client.RenameDiscussion(ctx, repo, ref.Num, "Last words"))
	c.must(c.client.SetDiscussionStatus(ctx, repo, ref.Num, "closed", "Bye"))
	got, err := c.client.Discussion(ctx, repo, ref.Num)
	c.must(err)
	if got.Title != "Last words" || got.Status != "closed" || got.IsPullRequest || got.Changes != nil || len(got.Events) < 4 ||
		got.Events[0].Content != "Hello" || got.Author != c.me {
		c.Errorf("the discussion is %+v", got)
	}
	for filter, want := range map[hub.DiscussionFilter]bool{
		{}: true, {Status: "closed"}: true, {Status: "open"}: false, {Type: "pull_request"}: false, {Author: c.me}: true,
	} {
		found := false
		for summary, err := range c.client.Discussions(ctx, repo, filter) {
			c.must(err)
			found = found || summary.Num == ref.Num && summary.Title == "Last words"
		}
		if found != want {
			c.Errorf("with the filter %+v the discussion is listed: %v, want %v", filter, found, want)
		}
	}
	if _, err := c.client.Comment(ctx, repo, 99, "Hi"); !hub.IsNotFound(err) {
		c.Errorf("a comment in a missing discussion: %v", err)
	}
}

func testPullRequest(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Model, hub.CreateRepoOptions{})
	base := c.commit(repo, map[string]string{"a.txt": "one\n"})
	made, err := c.client.Commit(ctx, repo, hub.CommitInput{
		Summary: "Propose", Description: "Please", CreatePR: true, Files: []hub.CommitFile{hub.BytesFile("a.txt", []byte("two\n"))},
	})
	c.must(err)
	if made.PullRequestNum == 0 || made.PullRequestURL == "" {
		c.Fatalf("Commit = %+v, want a pull request", made)
	}
	_, err = c.client.Commit(ctx, repo, hub.CommitInput{
		Summary: "More", Revision: "refs/pr/1", Files: []hub.CommitFile{hub.BytesFile("b.txt", []byte("b\n"))},
	})
	c.must(err)
	pr, err := c.client.Discussion(ctx, repo, made.PullRequestNum)
	c.must(err)
	if !pr.IsPullRequest || pr.Status != "open" || pr.Changes == nil || pr.Changes.Base != "refs/heads/main" ||
		!strings.Contains(pr.Diff, "+two") || pr.HasConflicts {
		c.Errorf("the pull request is %+v", pr)
	}
	refs, err := c.client.Refs(ctx, repo)
	c.must(err)
	if !slices.ContainsFunc(refs.PullRequests, func(r hub.Ref) bool { return r.Ref == "refs/pr/1" }) {
		c.Errorf("Refs = %+v, want refs/pr/1", refs)
	}
	c.must(c.client.MergePullRequest(ctx, repo, made.PullRequestNum, "Thanks"))
	pr, err = c.client.Discussion(ctx, repo, made.PullRequestNum)
	c.must(err)
	info, err := c.client.RepoInfo(ctx, repo, "")
	c.must(err)
	if pr.Status != "merged" || pr.Changes.MergeCommitID == "" || info.SHA == base.OID {
		c.Errorf("after the merge: %+v, main at %s", pr, info.SHA)
	}
	draft, err := c.client.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{Title: "A draft", PullRequest: true})
	c.must(err)
	got, err := c.client.Discussion(ctx, repo, draft.Num)
	c.must(err)
	if got.Status != "draft" || !got.IsPullRequest {
		c.Errorf("the draft is %+v", got)
	}
	if err := c.client.MergePullRequest(ctx, repo, draft.Num, ""); err == nil {
		c.Error("a draft can be merged")
	}
	c.must(c.client.SetDiscussionStatus(ctx, repo, draft.Num, "closed", ""))
}

func testWebhook(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Model, hub.CreateRepoOptions{})
	in := hub.WebhookInput{
		URL: "https://example.com/hfbot", Secret: "open sesame", Domains: []string{hub.DomainRepo, hub.DomainDiscussion},
		Watched: []hub.Watched{{Type: "model", Name: repo.Name}},
	}
	made, err := c.client.CreateWebhook(ctx, in)
	c.must(err)
	c.Cleanup(func() {
		if err := c.client.DeleteWebhook(context.WithoutCancel(c.Context()), made.ID); err != nil && !hub.IsNotFound(err) {
			c.Error(err)
		}
	})
	in.URL, in.Domains = "https://example.com/other", []string{hub.DomainRepo}
	updated, err := c.client.UpdateWebhook(ctx, made.ID, in)
	c.must(err)
	if updated.ID != made.ID || updated.URL != in.URL || !slices.Equal(updated.Domains, in.Domains) || !updated.HasSecret {
		c.Errorf("the updated webhook is %+v", updated)
	}
	off, err := c.client.DisableWebhook(ctx, made.ID)
	c.must(err)
	on, err := c.client.EnableWebhook(ctx, made.ID)
	c.must(err)
	if off.Disabled != hub.WebhookDisabled || on.Disabled != "" {
		c.Errorf("switched off %q and on %q", off.Disabled, on.Disabled)
	}
	hooks, err := c.client.Webhooks(ctx)
	c.must(err)
	if !slices.ContainsFunc(hooks, func(w hub.Webhook) bool { return w.ID == made.ID && w.URL == in.URL }) {
		c.Errorf("the webhook is not among %+v", hooks)
	}
	c.must(c.client.DeleteWebhook(ctx, made.ID))
	if _, err := c.client.Webhook(ctx, made.ID); !hub.IsNotFound(err) {
		c.Errorf("a deleted webhook: %v", err)
	}
}

func testSpace(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Space, hub.CreateRepoOptions{SpaceSDK: "static"})
	c.must(c.client.SetSpaceVariable(ctx, repo, "MODE", "one"))
	c.must(c.client.SetSpaceVariable(ctx, repo, "MODE", "two"))
	c.must(c.client.SetSpaceVariable(ctx, repo, "OTHER", "x"))
	c.must(c.client.DeleteSpaceVariable(ctx, repo, "OTHER"))
	variables, err := c.client.SpaceVariables(ctx, repo)
	c.must(err)
	if len(variables) != 1 || variables["MODE"] != "two" {
		c.Errorf("the variables are %v", variables)
	}
	c.must(c.client.SetSpaceSecret(ctx, repo, "HF_TOKEN", "hf_x"))
	secrets, err := c.client.SpaceSecrets(ctx, repo)
	c.must(err)
	if len(secrets) != 1 || secrets["HF_TOKEN"].Key != "HF_TOKEN" {
		c.Errorf("the secrets are %v", secrets)
	}
	c.must(c.client.DeleteSpaceSecret(ctx, repo, "HF_TOKEN"))
	runtime, err := c.client.SpaceRuntime(ctx, repo)
	c.must(err)
	if runtime.Stage == "" {
		c.Errorf("the runtime is %+v", runtime)
	}
}
