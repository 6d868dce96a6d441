package emulator

import (
	"net/http"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

type sibling struct {
	Name   string   `json:"rfilename"`
	Size   *int64   `json:"size,omitempty"`
	BlobID string   `json:"blobId,omitempty"`
	LFS    *lfsInfo `json:"lfs,omitempty"`
}

// repoInfo answers GET /api/{type}s/{name} and the same at a revision.
func (s *Server) repoInfo(c echo.Context) error {
	r, _, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	head, err := r.resolve(revision(c))
	if err != nil && revision(c) != "" {
		return noRevision(c)
	}
	info, err := s.describe(r, head, flag(c, "blobs"))
	if err != nil {
		return err
	}
	if fields := asked(c, "expand"); len(fields) > 0 {
		if err := checkExpand(c, r.typ, fields); err != nil {
			return err
		}
		info = only(info, fields)
	} else {
		delete(info, "inferenceProviderMapping")
	}
	if r.typ == hub.Model && flag(c, "securityStatus") {
		info["securityRepoStatus"] = nothingFound()
	}
	return c.JSON(http.StatusOK, info)
}

// only keeps the ids and the fields that were asked for.
func only(info map[string]any, fields []string) map[string]any {
	chosen := map[string]any{"_id": info["_id"], "id": info["id"]}
	for _, field := range fields {
		if value, ok := info[field]; ok {
			chosen[field] = value
		}
	}
	return chosen
}

// describe tells all of a repository at a commit; a zero commit is that of one without content.
func (s *Server) describe(r *repo, head plumbing.Hash, blobs bool) (map[string]any, error) {
	state := r.state()
	files, err := r.files(head)
	if err != nil {
		return nil, err
	}
	paths := sortedPaths(files)
	info := map[string]any{
		"_id": r.id, "id": state.name, "author": state.owner.name, "private": state.private,
		"disabled": false, "gated": any(state.gated), "likes": len(r.likedBy()), "trendingScore": 0,
		"usedStorage": r.usedStorage(),
		"createdAt":   timestamp(r.createdAt), "lastModified": timestamp(state.updatedAt),
		"discussionsDisabled": state.discussionsDisabled, "siblings": r.siblings(files, paths, blobs),
	}
	if state.gated == "" {
		info["gated"] = false
	}
	if !head.IsZero() {
		info["sha"] = head.String()
	}
	switch r.typ {
	case hub.Model:
		info["modelId"] = state.name
		s.describeModel(info, r, files)
	case hub.Dataset:
		info["downloads"], info["downloadsAllTime"] = 0, 0
	case hub.Space:
		s.describeSpace(info, r)
	}
	readme, _ := r.blob(files[cardFile].hash) // nothing when there is no card
	card, err := parseCard(readme)
	if err != nil {
		info["cardError"] = err.Error()
	}
	if card != nil {
		info["cardData"] = card
	}
	cardFields(info, r.typ, card)
	info["cardExists"] = readme != nil
	info["tags"] = r.tags(files, card, readme)
	return info, nil
}

// cardFields are the card's keys that are fields of the repository as well.
func cardFields(info map[string]any, typ hub.RepoType, card map[string]any) {
	if typ == hub.Space {
		for _, field := range []string{"models", "datasets"} {
			if list := texts(card[field]); list != nil {
				info[field] = list
			}
		}
		return
	}
	fields := []string{"paperswithcode_id"}
	if typ == hub.Model {
		fields = []string{"library_name", "pipeline_tag"}
	}
	for _, field := range fields {
		if text, ok := card[field].(string); ok {
			info[field] = text
		}
	}
	for key, field := range map[string]string{"model-index": "model-index", "widget": "widgetData"} {
		if value, ok := card[key]; ok && typ == hub.Model {
			info[field] = value
		}
	}
}

// describeSpace adds what only Spaces have.
func (s *Server) describeSpace(info map[string]any, r *repo) {
	state := r.state()
	subdomain := spaceSubdomain(state.name)
	runtime := s.runtime(r)
	info["sdk"], info["runtime"], info["subdomain"] = runtime.SDK, runtime, subdomain
	info["host"] = "https://" + s.spaceHost(state.name)
}

func sortedPaths(files map[string]treeFile) []string {
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func (r *repo) siblings(files map[string]treeFile, paths []string, blobs bool) []sibling {
	list := make([]sibling, 0, len(paths))
	for _, path := range paths {
		each := sibling{Name: path}
		if blobs {
			entry := r.fileEntry(path, files[path])
			each.Size, each.BlobID = &entry.Size, entry.OID
			if entry.LFS != nil {
				each.LFS = &lfsInfo{SHA256: entry.LFS.OID, Size: entry.LFS.Size, PointerSize: entry.LFS.PointerSize}
			}
		}
		list = append(list, each)
	}
	return list
}

// lfsInfo is how siblings tell an LFS file.
type lfsInfo struct {
	SHA256      string `json:"sha256"`
	Size        int64  `json:"size"`
	PointerSize int64  `json:"pointerSize"`
}
