package hub

import (
	"context"
	"time"
)

// RepoInfo is what the Hub knows of a repository at a revision.
type RepoInfo struct {
	ID                  string // stays the same when the repository is renamed
	Name                string // "namespace/name"
	SHA                 string // of the revision's commit
	Private             bool
	Gated               bool // users must ask for access
	Disabled            bool
	Tags                []string
	CardData            map[string]any // the front matter of README.md; nil without
	LibraryName         string         // models only
	Siblings            []string       // paths of all files
	LastModified        time.Time
	DiscussionsDisabled bool
}

type wireRepoInfo struct {
	ID           string     `json:"_id"`
	Name         string     `json:"id"`
	SHA          string     `json:"sha"`
	Private      bool       `json:"private"`
	Gated        wireFlag   `json:"gated"`
	Disabled     wireFlag   `json:"disabled"`
	Tags         []string   `json:"tags"`
	CardData     wireObject `json:"cardData"`
	LibraryName  string     `json:"library_name"`
	LastModified wireTime   `json:"lastModified"`
	NoThreads    bool       `json:"discussionsDisabled"`
	Siblings     []struct {
		Path string `json:"rfilename"`
	} `json:"siblings"`
}

// RepoInfo reads a repository at a revision (empty: main).
//
// GET /api/{type}s/{name}[/revision/{rev}]
func (c *Client) RepoInfo(ctx context.Context, repo RepoRef, revision string) (*RepoInfo, error) {
	path := repo.APIPath()
	if revision != "" {
		path += "/revision/" + escapeRevision(revision)
	}
	var in wireRepoInfo
	if err := c.getJSON(ctx, path, nil, &in); err != nil {
		return nil, err
	}
	info := &RepoInfo{
		ID: in.ID, Name: in.Name, SHA: in.SHA, Private: in.Private, Gated: in.Gated != "", Disabled: in.Disabled != "",
		Tags: in.Tags, CardData: in.CardData, LibraryName: in.LibraryName, LastModified: in.LastModified.Time,
		DiscussionsDisabled: in.NoThreads,
	}
	for _, file := range in.Siblings {
		info.Siblings = append(info.Siblings, file.Path)
	}
	return info, nil
}

// CreateRepoOptions say how a new repository should be.
type CreateRepoOptions struct {
	Private  bool
	SpaceSDK string // gradio, docker or static; the Hub demands it for Spaces and takes it for nothing else
}

// CreateRepo makes a repository. One that exists already is an error for which [IsConflict] is true.
//
// POST /api/repos/create
func (c *Client) CreateRepo(ctx context.Context, repo RepoRef, opts CreateRepoOptions) error {
	organization, name := repo.split()
	in := struct {
		Name         string   `json:"name"`
		Organization string   `json:"organization,omitempty"`
		Type         RepoType `json:"type"`
		Private      bool     `json:"private"`
		SDK          string   `json:"sdk,omitempty"`
	}{name, organization, repo.Type, opts.Private, opts.SpaceSDK}
	return c.postJSON(ctx, "/api/repos/create", in, nil)
}

// Ref is a git reference: Name "main", Ref "refs/heads/main".
type Ref struct {
	Name         string `json:"name"`
	Ref          string `json:"ref"`
	TargetCommit string `json:"targetCommit"`
}

// Refs are all references of a repository by kind. Converts are made by the Hub's own bots, such as
// "refs/convert/parquet".
type Refs struct {
	Branches     []Ref `json:"branches"`
	Converts     []Ref `json:"converts"`
	Tags         []Ref `json:"tags"`
	PullRequests []Ref `json:"pullRequests"`
}

// Refs lists branches, tags, converts and pull request refs.
//
// GET /api/{type}s/{name}/refs?include_prs=1
func (c *Client) Refs(ctx context.Context, repo RepoRef) (*Refs, error) {
	refs := &Refs{}
	if err := c.getJSON(ctx, repo.APIPath()+"/refs", map[string][]string{"include_prs": {"1"}}, refs); err != nil {
		return nil, err
	}
	return refs, nil
}
