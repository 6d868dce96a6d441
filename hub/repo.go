package hub

import (
	"context"
	"time"
)

// RepoInfo is what the Hub knows of a repository at a revision.
type RepoInfo struct {
	ID                  string // stays the same when the repository is renamed
	Name                string // "namespace/name"
	Author              string // user or organisation
	SHA                 string // of the revision's commit
	Private             bool
	Gated               bool // users must ask for access
	Disabled            bool
	Tags                []string
	CardData            map[string]any // the front matter of README.md; nil without
	LibraryName         string         // models only
	PipelineTag         string         // models only, such as "text-classification"
	SDK                 string         // Spaces only: gradio, docker or static
	Subdomain           string         // Spaces only: the app is served at https://{subdomain}.hf.space
	Siblings            []string       // paths of all files
	CreatedAt           time.Time
	LastModified        time.Time
	DiscussionsDisabled bool
	Likes               int
	Downloads           int // in the last 30 days
}

type wireRepoInfo struct {
	ID           string     `json:"_id"`
	Name         string     `json:"id"`
	Author       string     `json:"author"`
	SHA          string     `json:"sha"`
	Private      bool       `json:"private"`
	Gated        wireFlag   `json:"gated"`
	Disabled     wireFlag   `json:"disabled"`
	Tags         []string   `json:"tags"`
	CardData     wireObject `json:"cardData"`
	LibraryName  string     `json:"library_name"`
	PipelineTag  string     `json:"pipeline_tag"`
	SDK          string     `json:"sdk"`
	Subdomain    string     `json:"subdomain"`
	CreatedAt    wireTime   `json:"createdAt"`
	LastModified wireTime   `json:"lastModified"`
	Likes        int        `json:"likes"`
	Downloads    int        `json:"downloads"`
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
	return in.info(), nil
}

// RepoFacts reads some of what the Hub knows of a repository, as it is: what is asked for, and "_id" and "id". The names
// are those of the parameter "expand", such as "downloadsAllTime", "safetensors", "spaces" or "securityRepoStatus".
//
// GET /api/{type}s/{name}[/revision/{rev}]?expand={name}
func (c *Client) RepoFacts(ctx context.Context, repo RepoRef, revision string, expand ...string) (map[string]any, error) {
	path := repo.APIPath()
	if revision != "" {
		path += "/revision/" + escapeRevision(revision)
	}
	var facts map[string]any
	if err := c.getJSON(ctx, path, map[string][]string{"expand": expand}, &facts); err != nil {
		return nil, err
	}
	return facts, nil
}

func (w wireRepoInfo) info() *RepoInfo {
	info := &RepoInfo{
		ID: w.ID, Name: w.Name, Author: w.Author, SHA: w.SHA, Private: w.Private, Gated: w.Gated != "",
		Disabled: w.Disabled != "", Tags: w.Tags, CardData: w.CardData, LibraryName: w.LibraryName,
		PipelineTag: w.PipelineTag, LastModified: w.LastModified.Time, CreatedAt: w.CreatedAt.Time,
		DiscussionsDisabled: w.NoThreads, SDK: w.SDK, Subdomain: w.Subdomain, Likes: w.Likes, Downloads: w.Downloads,
	}
	for _, file := range w.Siblings {
		info.Siblings = append(info.Siblings, file.Path)
	}
	return info
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
