package emulator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// collectionRoutes keep collections (https://huggingface.co/.well-known/openapi.json).
func (s *Server) collectionRoutes(e *echo.Echo) {
	e.GET("/api/collections", s.listCollections)
	e.POST("/api/collections", s.createCollection)
	g := e.Group("/api/collections/:ns/:slug")
	g.GET("", s.onCollection(false, s.showCollection))
	g.PATCH("", s.onCollection(true, s.changeCollection))
	g.DELETE("", s.onCollection(true, s.deleteCollection))
	g.POST("/items", s.onCollection(true, s.addItem))
	g.POST("/items/batch", s.onCollection(true, s.changeItems))
	g.PATCH("/items/:item", s.onCollection(true, s.changeItem))
	g.DELETE("/items/:item", s.onCollection(true, s.removeItem))
}

// onCollection finds the collection by the id at the end of its slug, for a caller who may read it, or change it.
func (s *Server) onCollection(write bool, handle func(c echo.Context, k *collection) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		slug := param(c, "slug")
		s.collections.mu.Lock()
		k := s.collections.withID(slug[max(0, len(slug)-24):])
		readable := k != nil && k.readableBy(s.reader(c)) && strings.EqualFold(k.owner.name, param(c, "ns"))
		s.collections.mu.Unlock()
		if !readable {
			return fail(c, http.StatusNotFound, "", "Collection not found")
		}
		if write {
			who, err := s.require(c, mayWriteRepos)
			if err != nil {
				return err
			}
			if !k.writableBy(who) {
				return fail(c, http.StatusForbidden, "", "You don't have the required permissions to change this collection")
			}
		}
		return commitFailure(c, handle(c, k))
	}
}

// itemInput names a thing for a collection.
type itemInput struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (s *Server) createCollection(c echo.Context) error {
	who, err := s.require(c, mayWriteRepos)
	if err != nil {
		return err
	}
	var in struct {
		collectionChange
		Namespace string     `json:"namespace"`
		Item      *itemInput `json:"item"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	owner := s.namespace(in.Namespace, who)
	if owner == nil {
		return fail(c, http.StatusForbidden, "", "You don't have the rights to create a collection under the namespace "+in.Namespace)
	}
	made := &collection{id: newID(), owner: owner, theme: collectionThemes[0]}
	if in.Title == nil {
		in.Title = new(string)
	}
	if err := made.change(in.collectionChange); err != nil {
		return commitFailure(c, err)
	}
	if in.Item != nil {
		item, err := s.findItem(c, *in.Item, "")
		if err != nil {
			return err
		}
		made.items = append(made.items, item)
	}
	existing, err := s.collections.add(made)
	if existing != nil {
		return c.JSON(http.StatusConflict, map[string]string{"error": err.Error(), "slug": existing.slug()})
	}
	if err != nil {
		return commitFailure(c, err)
	}
	s.keepCollection(made)
	return s.showCollection(c, made)
}

func (s *Server) listCollections(c echo.Context) error {
	return c.JSON(http.StatusOK, s.viewCollections(c))
}

// viewCollections renders the page that was asked for. The lock is free again when the answer goes out: a client that
// does not read it would keep everything from being saved.
func (s *Server) viewCollections(c echo.Context) []map[string]any {
	owners, items, q := asked(c, "owner"), asked(c, "item"), strings.ToLower(c.QueryParam("q"))
	viewer := s.reader(c)
	s.collections.mu.Lock()
	defer s.collections.mu.Unlock()
	list := s.collections.sorted(c.QueryParam("sort"), func(k *collection) bool {
		owned := len(owners) == 0 || slices.ContainsFunc(owners, func(name string) bool { return strings.EqualFold(name, k.owner.name) })
		return owned && k.readableBy(viewer) && strings.Contains(strings.ToLower(k.title), q) && s.hasItems(k, items)
	})
	from, to := page(c, len(list), number(c, "limit", 10, 1, 10_000))
	s.linkNext(c, to, len(list))
	views := []map[string]any{}
	for _, each := range list[from:to] {
		view := s.viewCollection(c, each)
		delete(view, "position") // the list has neither
		delete(view, "shareUrl")
		const shown = 4
		view["items"] = view["items"].([]map[string]any)[:min(shown, len(view["items"].([]map[string]any)))]
		views = append(views, view)
	}
	return views
}

// hasItems tells whether the collection has any of the things, written like models/owner/name.
func (s *Server) hasItems(k *collection, wanted []string) bool {
	for _, each := range k.items {
		name := s.itemName(each)
		if slices.Contains(wanted, each.Type+"s/"+name) {
			return true
		}
	}
	return len(wanted) == 0
}

func (s *Server) showCollection(c echo.Context, k *collection) error {
	return c.JSON(http.StatusOK, s.viewNow(c, k))
}

// viewNow renders the collection. The lock is free again when the answer goes out, as that saves.
func (s *Server) viewNow(c echo.Context, k *collection) map[string]any {
	s.collections.mu.Lock()
	defer s.collections.mu.Unlock()
	return s.viewCollection(c, k)
}

func (s *Server) changeCollection(c echo.Context, k *collection) error {
	var in collectionChange
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := s.collections.with(k, func() error { return k.change(in) }); err != nil {
		return err
	}
	s.keepCollection(k)
	return c.JSON(http.StatusOK, map[string]any{"success": true, "data": s.viewNow(c, k)})
}

func (s *Server) deleteCollection(c echo.Context, k *collection) error {
	s.collections.mu.Lock()
	s.collections.all = slices.DeleteFunc(s.collections.all, func(each *collection) bool { return each == k })
	s.collections.mu.Unlock()
	s.unsaved.put(bucketCollections, k.id, gone)
	return c.NoContent(http.StatusOK)
}

func (s *Server) addItem(c echo.Context, k *collection) error {
	var in struct {
		Item itemInput `json:"item"`
		Note string    `json:"note"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	item, err := s.findItem(c, in.Item, in.Note)
	if err != nil {
		return err
	}
	if err := s.collections.with(k, func() error { return k.add(item) }); err != nil {
		return err
	}
	s.keepCollection(k)
	return s.showCollection(c, k)
}

// findItem finds what an item is, as far as the caller may see it.
func (s *Server) findItem(c echo.Context, in itemInput, note string) (collectionItem, error) {
	item := collectionItem{ID: newID(), Type: in.Type, Target: in.ID, Note: note}
	typ, known := itemTypes[in.Type]
	if !known || len(in.ID) > 200 {
		return item, fail(c, http.StatusBadRequest, "", `"item.type" must be one of model, dataset, space, collection, paper`)
	}
	if in.Type == "collection" {
		s.collections.mu.Lock()
		defer s.collections.mu.Unlock()
		other := s.collections.withID(in.ID[max(0, len(in.ID)-24):])
		if other == nil || !other.readableBy(s.reader(c)) {
			return item, fail(c, http.StatusNotFound, "", "Collection not found")
		}
		item.Target = other.id
	}
	if typ != "" {
		found, _ := s.repos.find(hub.RepoRef{Type: typ, Name: in.ID})
		if found == nil || !found.state().readableBy(s.reader(c)) {
			return item, s.hidden(c, s.caller(c))
		}
		item.Target = found.id
	}
	return item, nil
}

func (s *Server) changeItem(c echo.Context, k *collection) error {
	var in itemChange
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := s.collections.with(k, func() error { return k.changeItem(param(c, "item"), in) }); err != nil {
		return err
	}
	s.keepCollection(k)
	return c.JSON(http.StatusOK, map[string]bool{"success": true})
}

func (s *Server) changeItems(c echo.Context, k *collection) error {
	var in []struct {
		Action string     `json:"action"`
		ID     string     `json:"_id"`
		Data   itemChange `json:"data"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	err := s.collections.with(k, func() error {
		for _, each := range in {
			if each.Action != "update" {
				return deny(http.StatusBadRequest, `"action" must be update`)
			}
			if err := k.changeItem(each.ID, each.Data); err != nil {
				return err
			}
		}
		return nil
	})
	s.keepCollection(k) // the changes before the one that failed are made
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]bool{"success": true})
}

func (s *Server) removeItem(c echo.Context, k *collection) error {
	if err := s.collections.with(k, func() error { return k.removeItem(param(c, "item")) }); err != nil {
		return err
	}
	s.keepCollection(k)
	return c.JSON(http.StatusOK, map[string]bool{"success": true})
}
