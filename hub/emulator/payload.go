package emulator

import (
	"encoding/json"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

// payloadVersion is the version of webhook payloads that users of the Hub get.
const payloadVersion = 3

// wirePayload is a payload as it goes over the wire. hub.Payload is made for reading; three of its fields lose there
// what the Hub sends: the null of a missing sha, an empty updatedConfig and an empty comment.
type wirePayload struct {
	Event         hub.Event              `json:"event"`
	Repo          hub.Repo               `json:"repo"`
	Discussion    *hub.PayloadDiscussion `json:"discussion,omitempty"`
	Comment       *wireComment           `json:"comment,omitempty"`
	MovedTo       *hub.MovedTo           `json:"movedTo,omitempty"`
	Webhook       hub.PayloadWebhook     `json:"webhook"`
	UpdatedRefs   []wireRef              `json:"updatedRefs,omitempty"`
	UpdatedConfig *map[string]any        `json:"updatedConfig,omitempty"`
}

// wireRef is a moved ref: no old sha means created, no new one deleted.
type wireRef struct {
	Ref    string  `json:"ref"`
	OldSHA *string `json:"oldSha"`
	NewSHA *string `json:"newSha"`
}

// wireComment is a comment; a hidden one has no content.
type wireComment struct {
	ID      string    `json:"id"`
	Author  hub.Owner `json:"author"`
	Content *string   `json:"content,omitempty"`
	Hidden  bool      `json:"hidden"`
	URL     hub.URLs  `json:"url"`
}

// encodePayload writes p as the body for one webhook.
func encodePayload(p *hub.Payload, webhookID string) ([]byte, error) {
	wire := wirePayload{
		Event: p.Event, Repo: p.Repo, Discussion: p.Discussion, MovedTo: p.MovedTo,
		Webhook: hub.PayloadWebhook{ID: webhookID, Version: payloadVersion},
	}
	if c := p.Comment; c != nil {
		wire.Comment = &wireComment{ID: c.ID, Author: c.Author, Content: &c.Content, Hidden: c.Hidden, URL: c.URL}
		if c.Hidden {
			wire.Comment.Content = nil
		}
	}
	for _, u := range p.UpdatedRefs {
		wire.UpdatedRefs = append(wire.UpdatedRefs, wireRef{u.Ref, shaOrNull(u.OldSHA), shaOrNull(u.NewSHA)})
	}
	if p.UpdatedConfig != nil {
		wire.UpdatedConfig = &p.UpdatedConfig
	}
	return json.Marshal(wire)
}

// shaOrNull is nil for the empty sha.
func shaOrNull(sha string) *string {
	if sha == "" {
		return nil
	}
	return &sha
}

// isRepoScope tells whether a scope is about the repository itself: only then the payload has a head and a subdomain.
func isRepoScope(scope string) bool { return scope == "repo" || strings.HasPrefix(scope, "repo.") }

// payloadRepo describes a repository in an event of the scope. Addresses begin with the local Hub's own base URL.
func (s *Server) payloadRepo(r *repo, scope string) hub.Repo {
	state := r.state()
	ref := hub.RepoRef{Type: r.typ, Name: state.name}
	described := hub.Repo{
		Type:    ref.Type,
		Name:    ref.Name,
		ID:      r.id,
		Private: state.private,
		Owner:   hub.Owner{ID: state.owner.id},
		URL:     hub.URLs{Web: s.URL() + ref.WebPath(), API: s.URL() + ref.APIPath()},
	}
	if !isRepoScope(scope) {
		return described
	}
	if ref.Type == hub.Space {
		described.Subdomain = spaceSubdomain(ref.Name)
	}
	if head, ok := r.head(mainBranch); ok {
		described.HeadSHA = head.String()
	}
	return described
}

// spaceSubdomain is the host name of a Space under the Hub's domain for Spaces: lower case, with a dash for every
// character that host names lack.
func spaceSubdomain(name string) string {
	return strings.Map(func(r rune) rune {
		if (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') {
			return r
		}
		return '-'
	}, strings.ToLower(name))
}
