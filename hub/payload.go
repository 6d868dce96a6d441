package hub

import "encoding/json"

// Payload is the body of a webhook call, version 3 (https://huggingface.co/docs/hub/webhooks). Unknown scopes,
// repository types and versions decode all the same; what has no field here is kept in Extra.
type Payload struct {
	Event       Event              `json:"event"`
	Repo        Repo               `json:"repo"`
	Discussion  *PayloadDiscussion `json:"discussion,omitempty"`
	Comment     *PayloadComment    `json:"comment,omitempty"`
	UpdatedRefs []UpdatedRef       `json:"updatedRefs,omitzero"`
	// UpdatedConfig is empty but not nil when the Hub does not say what changed, and nil when it is absent.
	UpdatedConfig map[string]any `json:"updatedConfig,omitzero"`
	// UpdatedFiles are the changes of a bucket. The Hub cuts the list above 10,000 and says so in the field below.
	UpdatedFiles          []UpdatedFile  `json:"updatedFiles,omitzero"`
	UpdatedFilesTruncated bool           `json:"updatedFilesTruncated,omitempty"`
	MovedTo               *MovedTo       `json:"movedTo,omitempty"`
	Webhook               PayloadWebhook `json:"webhook"`
	// Public tells that the body says that the repository is not private. One that says nothing about it counts as private.
	Public bool `json:"-"`
	// Extra holds the raw values that have no field, or not the type of their field, by their place in the body,
	// such as "repo.gitalyUid" or "updatedRefs[2]".
	Extra map[string]json.RawMessage `json:"-"`
}

// Actor is the id of the account whose act the event is, as far as the payload tells: the author of a comment or of a new
// discussion. Of all other events, such as a push, a payload does not say who acted; then it is "".
func (p *Payload) Actor() string {
	switch e := p.Event; {
	case e.Scope == "discussion.comment" && p.Comment != nil:
		return p.Comment.Author.ID
	case e.Scope == "discussion" && e.Action == "create" && p.Discussion != nil:
		return p.Discussion.Author.ID
	}
	return ""
}

// Event says what happened: an action on a dotted, hierarchical scope. Both sets are open.
type Event struct {
	Action string `json:"action"`
	Scope  string `json:"scope"`
}

// Repo is the repository an event is about. HeadSHA is the head of main, whatever ref was pushed.
type Repo struct {
	Type      RepoType `json:"type"`
	Name      string   `json:"name"`
	ID        string   `json:"id"`
	Private   bool     `json:"private"`
	Subdomain string   `json:"subdomain,omitempty"`
	HeadSHA   string   `json:"headSha,omitempty"`
	Tags      []string `json:"tags,omitzero"` // deliveries of before 2026-03 only
	Owner     Owner    `json:"owner"`
	URL       URLs     `json:"url"`
}

// Ref names the repository for the client.
func (r Repo) Ref() RepoRef { return RepoRef{Type: r.Type, Name: r.Name} }

// Owner is a user or organisation by id.
type Owner struct {
	ID string `json:"id"`
}

// URLs are addresses for people and programs. They come from the payload and are never called.
type URLs struct {
	Web string `json:"web,omitempty"`
	API string `json:"api,omitempty"`
}

// PayloadDiscussion is a discussion or pull request as a webhook tells it.
type PayloadDiscussion struct {
	ID            string             `json:"id"`
	Title         string             `json:"title"`
	URL           URLs               `json:"url"`
	Status        string             `json:"status"` // draft, open, closed, merged
	Author        Owner              `json:"author"`
	Num           int                `json:"num"`
	IsPullRequest bool               `json:"isPullRequest"`
	Changes       *DiscussionChanges `json:"changes,omitempty"`
	Pinned        bool               `json:"pinned,omitempty"`
}

// DiscussionChanges is the git side of a pull request.
type DiscussionChanges struct {
	Base          string `json:"base"`
	MergeCommitID string `json:"mergeCommitId,omitempty"`
	HeadCommitID  string `json:"headCommitId,omitempty"`
	RefDeleted    bool   `json:"refDeleted,omitempty"`
}

// PayloadComment is a comment as a webhook tells it; a hidden one has no content.
type PayloadComment struct {
	ID      string `json:"id"`
	Author  Owner  `json:"author"`
	Content string `json:"content,omitempty"`
	Hidden  bool   `json:"hidden"`
	URL     URLs   `json:"url"`
}

// UpdatedRef is one moved git ref; an empty OldSHA means created, an empty NewSHA deleted (null on the wire).
type UpdatedRef struct {
	Ref    string `json:"ref"`
	OldSHA string `json:"oldSha"`
	NewSHA string `json:"newSha"`
}

// MarshalJSON writes an empty commit id as null, as the Hub does.
func (r UpdatedRef) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Ref    string  `json:"ref"`
		OldSHA *string `json:"oldSha"`
		NewSHA *string `json:"newSha"`
	}{r.Ref, nilIfEmpty(r.OldSHA), nilIfEmpty(r.NewSHA)})
}

func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// UpdatedFile is one changed file of a bucket.
type UpdatedFile struct {
	Path    string `json:"path"`
	Action  string `json:"action"` // add, delete
	XetHash string `json:"xetHash,omitempty"`
	Size    int64  `json:"size,omitempty"`
}

// MovedTo is where a moved repository went; Repo still holds the old name.
type MovedTo struct {
	Name  string `json:"name"`
	Owner Owner  `json:"owner"`
}

// PayloadWebhook is the webhook that was called.
type PayloadWebhook struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}
