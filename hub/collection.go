package hub

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Collection is a list of repositories, papers and the like on one page (https://huggingface.co/docs/hub/collections).
type Collection struct {
	Slug        string // names it, "owner/title-id"; changes with the title
	Title       string
	Description string // may be empty
	Owner       string // user or organisation
	Private     bool
	UpdatedAt   time.Time
	Items       []CollectionItem // in lists of collections at most the first four
}

// CollectionItem is a thing in a collection.
type CollectionItem struct {
	ID   string // of the item, for RemoveFromCollection
	Type string // model, dataset, space, paper, collection or bucket
	Name string // of the thing: "namespace/name" of a repository, the number of a paper
	Note string // may be empty
}

// CollectionInput is a collection to be made.
type CollectionInput struct {
	Namespace   string // user or organisation
	Title       string // at most 60 characters
	Description string // at most 150 characters
	Private     bool
}

// CollectionFilter says which collections are listed, and in which order. Empty fields let all through.
type CollectionFilter struct {
	Owner  string // user or organisation
	Item   string // one that has this, such as "models/acme/tiny"
	Search string // in the title
	Sort   string // upvotes, lastModified or trending
}

type wireCollection struct {
	Slug        string   `json:"slug"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Private     bool     `json:"private"`
	UpdatedAt   wireTime `json:"lastUpdated"`
	Owner       struct {
		Name string `json:"name"`
	} `json:"owner"`
	Items []struct {
		ID   string `json:"_id"`
		Name string `json:"id"`
		Type string `json:"type"`
		Note struct {
			Text string `json:"text"`
		} `json:"note"`
	} `json:"items"`
}

func (w wireCollection) collection() Collection {
	out := Collection{
		Slug: w.Slug, Title: w.Title, Description: w.Description, Owner: w.Owner.Name, Private: w.Private,
		UpdatedAt: w.UpdatedAt.Time,
	}
	for _, item := range w.Items {
		out.Items = append(out.Items, CollectionItem{item.ID, item.Type, item.Name, item.Note.Text})
	}
	return out
}

func collectionPath(slug string) string { return "/api/collections/" + escapePath(slug) }

// Collections lists collections.
//
// GET /api/collections
func (c *Client) Collections(ctx context.Context, filter CollectionFilter) iter.Seq2[Collection, error] {
	query := url.Values{}
	for name, value := range map[string]string{
		"owner": filter.Owner, "item": filter.Item, "q": filter.Search, "sort": filter.Sort,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return convert(list[wireCollection](ctx, c, c.get("/api/collections", query)), wireCollection.collection)
}

// Collection reads a collection with its items.
//
// GET /api/collections/{slug}
func (c *Client) Collection(ctx context.Context, slug string) (*Collection, error) {
	var out wireCollection
	if err := c.getJSON(ctx, collectionPath(slug), nil, &out); err != nil {
		return nil, err
	}
	collection := out.collection()
	return &collection, nil
}

// CreateCollection makes an empty collection. One of that title that the owner has already is an error for which
// [IsConflict] is true.
//
// POST /api/collections
func (c *Client) CreateCollection(ctx context.Context, in CollectionInput) (*Collection, error) {
	body := struct {
		Namespace   string `json:"namespace"`
		Title       string `json:"title"`
		Description string `json:"description,omitempty"`
		Private     bool   `json:"private"`
	}(in)
	var out wireCollection
	if err := c.postJSON(ctx, "/api/collections", body, &out); err != nil {
		return nil, err
	}
	collection := out.collection()
	return &collection, nil
}

// DeleteCollection removes a collection; what is in it stays.
//
// DELETE /api/collections/{slug}
func (c *Client) DeleteCollection(ctx context.Context, slug string) error {
	return c.changeJSON(ctx, http.MethodDelete, collectionPath(slug), nil, nil)
}

// AddToCollection adds a repository to the end of a collection. The note, at most 500 characters, may be empty. What is in
// it already is an error for which [IsConflict] is true.
//
// POST /api/collections/{slug}/items
func (c *Client) AddToCollection(ctx context.Context, slug string, repo RepoRef, note string) error {
	type item struct {
		Type RepoType `json:"type"`
		ID   string   `json:"id"`
	}
	in := struct {
		Item item   `json:"item"`
		Note string `json:"note,omitempty"`
	}{item{repo.Type, repo.Name}, note}
	return c.postJSON(ctx, collectionPath(slug)+"/items", in, nil)
}

// RemoveFromCollection takes an item out of a collection, by [CollectionItem.ID].
//
// DELETE /api/collections/{slug}/items/{id}
func (c *Client) RemoveFromCollection(ctx context.Context, slug, itemID string) error {
	return c.changeJSON(ctx, http.MethodDelete, collectionPath(slug)+"/items/"+escapeSegment(itemID), nil, nil)
}
