package hub_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

const commentAnswer = `{"id":"66e69878db5512839f73e304","type":"comment","author":{"_id":"u1","name":"bot"},
	"data":{"edited":false,"latest":{"raw":"Done."}}}`

// commentOf checks what a call returns of a comment.
func commentOf(t *testing.T, event *hub.DiscussionEvent, err error) error {
	t.Helper()
	if err == nil && (event.ID != "66e69878db5512839f73e304" || event.Content != "Done." || event.AuthorID != "u1") {
		t.Errorf("the comment is %+v", event)
	}
	return err
}

func TestDiscussionWrites(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		exchange exchange
		write    func(context.Context, *testing.T, *hub.Client) error
		told     hub.Write
	}{
		"comment": {
			exchange{
				call: "POST /api/models/acme/tiny/discussions/7/comment", body: `{"comment":"Done."}`, status: 201,
				answer: `{"newMessage":` + commentAnswer + `}`,
			},
			func(ctx context.Context, t *testing.T, c *hub.Client) error {
				event, err := c.Comment(ctx, model, 7, "Done.")
				return commentOf(t, event, err)
			},
			hub.Write{Kind: hub.WriteComment, Repo: model, ID: "66e69878db5512839f73e304", Num: 7},
		},
		"edit": {
			exchange{
				call: "POST /api/models/acme/tiny/discussions/7/comment/66e69878db5512839f73e304/edit",
				body: `{"content":"Done."}`, answer: `{"updatedComment":` + commentAnswer + `}`,
			},
			func(ctx context.Context, t *testing.T, c *hub.Client) error {
				event, err := c.EditComment(ctx, model, 7, "66E69878DB5512839F73E304", "Done.")
				return commentOf(t, event, err)
			},
			hub.Write{Kind: hub.WriteComment, Repo: model, ID: "66e69878db5512839f73e304", Num: 7},
		},
		"discussion": {
			exchange{
				call: "POST /api/models/acme/tiny/discussions", body: `{"title":"Hi there","description":"Text"}`,
				answer: `{"num":9,"url":"BASE/acme/tiny/discussions/9","pullRequest":false}`,
			},
			func(ctx context.Context, _ *testing.T, c *hub.Client) error {
				_, err := c.CreateDiscussion(ctx, model, hub.CreateDiscussionInput{Title: "Hi there", Description: "Text"})
				return err
			},
			hub.Write{Kind: hub.WriteDiscussion, Repo: model, ID: "9", Num: 9, Opened: true},
		},
		"pull request": {
			exchange{
				call: "POST /api/models/acme/tiny/discussions", body: `{"title":"Hi","description":"","pullRequest":true}`,
				answer: `{"num":10,"url":"u","pullRequest":true}`,
			},
			func(ctx context.Context, t *testing.T, c *hub.Client) error {
				ref, err := c.CreateDiscussion(ctx, model, hub.CreateDiscussionInput{Title: "Hi", PullRequest: true})
				if err == nil && *ref != (hub.DiscussionRef{Num: 10, URL: "u"}) {
					t.Errorf("the pull request is %+v", ref)
				}
				return err
			},
			hub.Write{Kind: hub.WritePullRequest, Repo: model, ID: "10", Num: 10, Opened: true},
		},
		"status": {
			exchange{
				call: "POST /api/models/acme/tiny/discussions/7/status", body: `{"status":"closed","comment":"Bye"}`,
				answer: `{"newStatus":{}}`,
			},
			func(ctx context.Context, _ *testing.T, c *hub.Client) error {
				return c.SetDiscussionStatus(ctx, model, 7, "closed", "Bye")
			},
			hub.Write{Kind: hub.WriteDiscussion, Repo: model, ID: "7", Num: 7},
		},
		"hide": {
			exchange{
				call:   "POST /api/models/acme/tiny/discussions/7/comment/abc/hide",
				answer: `{"updatedComment":{"id":"abc","type":"comment","data":{"hidden":true}}}`,
			},
			func(ctx context.Context, t *testing.T, c *hub.Client) error {
				event, err := c.HideComment(ctx, model, 7, "ABC")
				if err == nil && !event.Hidden {
					t.Error("the comment is not hidden")
				}
				return err
			},
			hub.Write{Kind: hub.WriteComment, Repo: model, ID: "abc", Num: 7},
		},
		"rename": {
			exchange{
				call: "POST /api/models/acme/tiny/discussions/7/title", body: `{"title":"Better"}`, answer: `{"newTitle":{}}`,
			},
			func(ctx context.Context, _ *testing.T, c *hub.Client) error {
				return c.RenameDiscussion(ctx, model, 7, "Better")
			},
			hub.Write{Kind: hub.WriteDiscussion, Repo: model, ID: "7", Num: 7},
		},
		"pin": {
			exchange{call: "POST /api/models/acme/tiny/discussions/7/pin", body: `{"pinned":true}`, answer: "OK"},
			func(ctx context.Context, _ *testing.T, c *hub.Client) error {
				return c.PinDiscussion(ctx, model, 7, true)
			},
			hub.Write{Kind: hub.WriteDiscussion, Repo: model, ID: "7", Num: 7},
		},
		"delete": {
			exchange{call: "DELETE /api/models/acme/tiny/discussions/7", answer: "OK"},
			func(ctx context.Context, _ *testing.T, c *hub.Client) error { return c.DeleteDiscussion(ctx, model, 7) },
			hub.Write{Kind: hub.WriteDiscussion, Repo: model, ID: "7", Num: 7},
		},
		"delete the ref": {
			exchange{call: "DELETE /api/models/acme/tiny/discussions/7/ref", answer: "OK"},
			func(ctx context.Context, _ *testing.T, c *hub.Client) error {
				return c.DeletePullRequestRef(ctx, model, 7)
			},
			hub.Write{Kind: hub.WritePullRequest, Repo: model, ID: "7", Num: 7},
		},
		"merge": {
			exchange{call: "POST /api/models/acme/tiny/discussions/7/merge", body: `{}`, answer: "OK"},
			func(ctx context.Context, _ *testing.T, c *hub.Client) error {
				return c.MergePullRequest(ctx, model, 7, "")
			},
			hub.Write{Kind: hub.WritePullRequest, Repo: model, ID: "7", Num: 7},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, told := serveWrites(t, test.exchange)
			if err := test.write(t.Context(), t, client); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]hub.Write{test.told}, *told); diff != "" {
				t.Errorf("the observer was told something else (-want +got):\n%s", diff)
			}
			failed := test.exchange
			failed.status, failed.answer = 403, ""
			client, told = serveWrites(t, failed)
			if err := test.write(t.Context(), t, client); !hub.IsForbidden(err) || len(*told) > 0 {
				t.Errorf("a refused write: %v, told %v; want an error and nothing told", err, *told)
			}
		})
	}
}
