package emulator

import (
	"fmt"
	"html"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// itemName is what an item is called now, empty for what is gone; the lock must be held.
func (s *Server) itemName(item collectionItem) string {
	switch item.Type {
	case "paper":
		return item.Target
	case "collection":
		if other := s.collections.withID(item.Target); other != nil {
			return other.slug()
		}
		return ""
	}
	if r := s.repos.withID(item.Target); r != nil {
		return r.ref().Name
	}
	return ""
}

// viewCollection renders the collection as the caller may see it; the lock must be held.
func (s *Server) viewCollection(c echo.Context, k *collection) map[string]any {
	items := []map[string]any{}
	for _, each := range k.items {
		if view := s.viewItem(c, each); view != nil {
			view["position"] = len(items)
			items = append(items, view)
		}
	}
	view := map[string]any{"private": k.private, "position": k.position, "gating": false, "items": items}
	s.describeCollection(view, k)
	return view
}

// viewOwner renders an account as the owner of a collection.
func (s *Server) viewOwner(a *account) map[string]any {
	view := map[string]any{
		"_id": a.id, "name": a.name, "fullname": a.name, "avatarUrl": s.avatarURL(a), "type": a.kind(), "isHf": false,
		"isHfAdmin": false, "isMod": false,
	}
	if !a.org {
		view["isPro"] = true
	}
	return view
}

// viewItem renders an item; nil for what is gone, or private to the caller. The lock must be held.
func (s *Server) viewItem(c echo.Context, item collectionItem) map[string]any {
	name := s.itemName(item)
	if name == "" {
		return nil
	}
	view := map[string]any{"_id": item.ID, "id": name, "type": item.Type}
	if item.Note != "" {
		view["note"] = map[string]string{"text": item.Note, "html": fmt.Sprintf("<p>%s</p>", html.EscapeString(item.Note))}
	}
	reader := s.reader(c)
	switch typ := itemTypes[item.Type]; {
	case item.Type == "collection":
		other := s.collections.withID(item.Target)
		if !other.readableBy(reader) {
			return nil
		}
		s.describeCollection(view, other)
		view["id"], view["numberItems"] = other.id, len(other.items)
	case typ != "":
		r := s.repos.withID(item.Target)
		if r == nil || !r.state().readableBy(reader) {
			return nil
		}
		s.describeRepo(view, r, reader)
	default:
		view["title"], view["upvotes"] = name, 0 // the local Hub knows no paper
		month, _ := time.Parse("0601", name[:min(4, len(name))])
		view["publishedAt"] = timestamp(month)
	}
	return view
}

// describeCollection adds what is said of a collection wherever it stands.
func (s *Server) describeCollection(view map[string]any, k *collection) {
	view["slug"], view["title"], view["description"], view["theme"] = k.slug(), k.title, k.description, k.theme
	view["lastUpdated"], view["upvotes"], view["isUpvotedByUser"] = timestamp(k.updated), 0, false
	view["shareUrl"], view["owner"] = s.URL()+"/collections/"+k.slug(), s.viewOwner(k.owner)
}

// describeRepo adds what a collection says of a repository.
func (s *Server) describeRepo(view map[string]any, r *repo, reader *account) {
	state, likes := r.state(), r.likedBy()
	view["author"], view["private"], view["repoType"] = state.owner.name, state.private, r.typ
	view["lastModified"], view["likes"] = timestamp(state.updatedAt), len(likes)
	view["isLikedByUser"] = slices.ContainsFunc(likes, func(each like) bool { return each.user == reader })
	if r.typ == hub.Space {
		s.describeSpaceCard(view, r)
		return
	}
	view["downloads"], view["gated"] = 0, any(state.gated)
	if state.gated == "" {
		view["gated"] = false
	}
	if r.typ == hub.Model {
		view["availableInferenceProviders"] = []string{}
	}
}

// describeSpaceCard adds what the card of a Space in a list shows.
func (s *Server) describeSpaceCard(view map[string]any, r *repo) {
	state, runtime := r.state(), s.runtime(r)
	_, card, tags := r.now()
	for field, otherwise := range map[string]string{"title": state.name, "emoji": "", "colorFrom": "gray", "colorTo": "gray"} {
		view[field] = otherwise
		if text, ok := card[field].(string); ok {
			view[field] = text
		}
	}
	pinned, _ := card["pinned"].(bool)
	view["pinned"], view["featured"], view["disabled"] = pinned, false, false
	view["createdAt"], view["tags"], view["runtime"] = timestamp(r.createdAt), tags, runtime
	view["visibility"] = "public"
	if state.private {
		view["visibility"] = "private"
	}
	if runtime.SDK != "" {
		view["sdk"] = runtime.SDK
	}
}
