package hub

import "context"

// Values of visibility.
const (
	VisibilityPublic    = "public"
	VisibilityPrivate   = "private"
	VisibilityProtected = "protected" // of Spaces only: the code is private, the app is public
)

// CreateRepoOptions say how a new repository should be. Empty fields are left to the Hub.
type CreateRepoOptions struct {
	Private    bool
	Visibility string // VisibilityPublic, …; takes the place of Private
	License    string // such as "mit"; "other" goes with the two that follow
	// LicenseName and LicenseLink name a license that the Hub does not know. The link is LICENSE, LICENSE.md or a URL.
	LicenseName     string
	LicenseLink     string
	Region          string // us or eu
	ResourceGroupID string // of an organisation
	Files           []NewRepoFile

	SpaceSDK string // gradio, docker or static; the Hub demands it for Spaces and takes it for nothing else

	// The rest is for Spaces only.

	SDKVersion       string
	Template         string // one of the Hub's, as "SpaceTemplates" of its pages name them
	ShortDescription string // at most 60 characters
	Hardware         string // such as "cpu-basic"
	SleepAfter       int    // seconds without a visitor; -1 never; 0 leaves it to the Hub
	DevMode          bool
	Secrets          []SpaceSecretInput
	Variables        []SpaceVariable
	Volumes          []Volume
}

// NewRepoFile is a small file that a repository begins with.
type NewRepoFile struct {
	Path     string `json:"path"`
	Content  string `json:"content"`
	Encoding string `json:"encoding,omitempty"` // utf-8, also when empty, or base64
}

// Volume is a repository or bucket that is mounted in a Space or Job. Only buckets can be written to.
type Volume struct {
	Type      RepoType `json:"type"`   // bucket, model, dataset or space
	Source    string   `json:"source"` // "namespace/name"
	MountPath string   `json:"mountPath"`
	Revision  string   `json:"revision,omitempty"`
	ReadOnly  bool     `json:"readOnly,omitempty"`
	Path      string   `json:"path,omitempty"` // a folder in the source; empty: all of it
}

type wireCreateRepo struct {
	Name             string          `json:"name"`
	Organization     string          `json:"organization,omitempty"`
	Type             RepoType        `json:"type"`
	Private          *bool           `json:"private,omitempty"` // never beside visibility
	Visibility       string          `json:"visibility,omitempty"`
	License          string          `json:"license,omitempty"`
	LicenseName      string          `json:"license_name,omitempty"`
	LicenseLink      string          `json:"license_link,omitempty"`
	Region           string          `json:"region,omitempty"`
	ResourceGroupID  string          `json:"resourceGroupId,omitempty"`
	Files            []NewRepoFile   `json:"files,omitempty"`
	SDK              string          `json:"sdk,omitempty"`
	SDKVersion       string          `json:"sdkVersion,omitempty"`
	Template         string          `json:"template,omitempty"`
	ShortDescription string          `json:"short_description,omitempty"`
	Hardware         string          `json:"hardware,omitempty"`
	SleepAfter       int             `json:"sleepTimeSeconds,omitempty"`
	DevMode          bool            `json:"devModeEnabled,omitempty"`
	Secrets          []spaceSetting  `json:"secrets,omitempty"`
	Variables        []SpaceVariable `json:"variables,omitempty"`
	Volumes          []Volume        `json:"volumes,omitempty"`
}

// CreateRepo makes a repository. One that exists already is an error for which [IsConflict] is true; a Space that the
// account's plan does not include is one for which [IsPaymentRequired] is true.
//
// POST /api/repos/create
func (c *Client) CreateRepo(ctx context.Context, repo RepoRef, opts CreateRepoOptions) error {
	organization, name := repo.split()
	in := wireCreateRepo{
		Name: name, Organization: organization, Type: repo.Type, Visibility: opts.Visibility,
		License: opts.License, LicenseName: opts.LicenseName, LicenseLink: opts.LicenseLink,
		Region: opts.Region, ResourceGroupID: opts.ResourceGroupID, Files: opts.Files,
		SDK: opts.SpaceSDK, SDKVersion: opts.SDKVersion, Template: opts.Template, ShortDescription: opts.ShortDescription,
		Hardware: opts.Hardware, SleepAfter: opts.SleepAfter, DevMode: opts.DevMode,
		Secrets: revealed(opts.Secrets), Variables: opts.Variables, Volumes: opts.Volumes,
	}
	if in.Visibility == "" {
		in.Private = &opts.Private
	}
	return c.postJSON(ctx, "/api/repos/create", in, nil)
}

// DuplicateRepoOptions say how a copy of a repository should be. Empty fields are left to the Hub.
type DuplicateRepoOptions struct {
	Visibility string             // VisibilityPublic, …; empty: as the original
	Hardware   string             // of Spaces, as all that follows
	SleepAfter int                // seconds without a visitor; -1 never; 0 leaves it to the Hub
	Secrets    []SpaceSecretInput // the original's are not copied
	Variables  []SpaceVariable
	Volumes    []Volume
}

// DuplicateRepo copies a repository to a new name, "namespace/name".
//
// POST /api/{type}s/{name}/duplicate
func (c *Client) DuplicateRepo(ctx context.Context, repo RepoRef, newName string, opts DuplicateRepoOptions) error {
	in := struct {
		Repository string          `json:"repository"`
		Visibility string          `json:"visibility,omitempty"`
		Hardware   string          `json:"hardware,omitempty"`
		SleepAfter int             `json:"sleepTimeSeconds,omitempty"`
		Secrets    []spaceSetting  `json:"secrets,omitempty"`
		Variables  []SpaceVariable `json:"variables,omitempty"`
		Volumes    []Volume        `json:"volumes,omitempty"`
	}{
		newName, opts.Visibility, opts.Hardware, opts.SleepAfter, revealed(opts.Secrets), opts.Variables, opts.Volumes,
	}
	return c.postJSON(ctx, repo.APIPath()+"/duplicate", in, nil)
}
