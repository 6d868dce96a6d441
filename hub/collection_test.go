package hub_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

// What the local Hub also takes in other forms is checked here to the letter of https://huggingface.co/.well-known/openapi.json.
func TestCollectionCalls(t *testing.T) {
	t.Parallel()
	const slug = "ada/best-of-64f9a55bb3115b4f513ec026"
	testChanges(t, map[string]change{
		"add": {
			exchange{
				call: "POST /api/collections/" + slug + "/items", body: `{"item":{"type":"model","id":"acme/tiny"},"note":"N"}`, answer: `{}`,
			},
			func(ctx context.Context, c *hub.Client) error { return c.AddToCollection(ctx, slug, model, "N") },
		},
		"remove": {
			exchange{call: "DELETE /api/collections/" + slug + "/items/65"},
			func(ctx context.Context, c *hub.Client) error { return c.RemoveFromCollection(ctx, slug, "65") },
		},
		"delete": {
			exchange{call: "DELETE /api/collections/" + slug},
			func(ctx context.Context, c *hub.Client) error { return c.DeleteCollection(ctx, slug) },
		},
	})
	client := serve(t, exchange{
		call: "POST /api/collections", body: `{"namespace":"ada","title":"Best of","private":false}`,
		answer: `{"slug":"` + slug + `","title":"Best of","items":[{"_id":"65","id":"2310.06825","type":"paper","new":1}],"owner":{"name":"ada"}}`,
	})
	got, err := client.CreateCollection(t.Context(), hub.CollectionInput{Namespace: "ada", Title: "Best of"})
	if err != nil {
		t.Fatal(err)
	}
	want := &hub.Collection{
		Slug: slug, Title: "Best of", Owner: "ada", Items: []hub.CollectionItem{{ID: "65", Type: "paper", Name: "2310.06825"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("collection differs (-want +got):\n%s", diff)
	}
}
