package emulator

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// ownedRepo finds a repository that a body names, for its owner.
func (s *Server) ownedRepo(c echo.Context, ref hub.RepoRef) (*repo, *account, error) {
	who, err := s.require(c, mayManageRepos)
	if err != nil {
		return nil, nil, err
	}
	if ref.Type == "" {
		ref.Type = hub.Model
	}
	r, _ := s.repos.find(ref)
	if r == nil || !r.state().readableBy(who) {
		return nil, nil, s.hidden(c, who)
	}
	if !r.state().writableBy(who) {
		return nil, nil, fail(c, http.StatusForbidden, "", "Only the owner can do this.")
	}
	return r, who, nil
}

func (s *Server) deleteRepo(c echo.Context) error {
	var in struct {
		Name         string       `json:"name"`
		Organization *string      `json:"organization"`
		Type         hub.RepoType `json:"type"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	name := in.Name
	if who := s.caller(c); who != nil && !strings.Contains(name, "/") {
		namespace := who.name
		if in.Organization != nil && *in.Organization != "" {
			namespace = *in.Organization
		}
		name = namespace + "/" + name
	}
	r, who, err := s.ownedRepo(c, hub.RepoRef{Type: in.Type, Name: name})
	if err != nil {
		return err
	}
	if !s.repos.remove(r) {
		return s.hidden(c, who)
	}
	s.repoEvent(r, who, "delete", "repo", nil)
	return c.String(http.StatusOK, "OK")
}

// moveRepo renames a repository. The old addresses redirect from then on; the webhook still tells the old name.
func (s *Server) moveRepo(c echo.Context) error {
	var in struct {
		From string       `json:"fromRepo"`
		To   string       `json:"toRepo"`
		Type hub.RepoType `json:"type"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	r, who, err := s.ownedRepo(c, hub.RepoRef{Type: in.Type, Name: in.From})
	if err != nil {
		return err
	}
	namespace, name, _ := strings.Cut(in.To, "/")
	owner := s.namespace(namespace, who)
	switch {
	case !validRepoName(name):
		return fail(c, http.StatusBadRequest, "", "Invalid repo name: \""+in.To+"\"")
	case owner == nil:
		return fail(c, http.StatusForbidden, "", "You don't have the rights to move a repo to \""+namespace+"\"")
	}
	from, to := r.ref(), hub.RepoRef{Type: r.typ, Name: owner.name + "/" + name}
	err = s.repos.move(r, to.Name, owner)
	switch {
	case errors.Is(err, errNameTaken):
		return fail(c, http.StatusConflict, "", "A "+string(r.typ)+" repository called "+to.Name+" already exists")
	case err != nil:
		return s.hidden(c, who)
	}
	s.repoEvent(r, who, "move", "repo", func(p *hub.Payload) {
		p.Repo.Name = from.Name
		p.Repo.URL = hub.URLs{Web: s.URL() + from.WebPath(), API: s.URL() + from.APIPath()}
		p.MovedTo = &hub.MovedTo{Name: to.Name, Owner: hub.Owner{ID: owner.id}}
	})
	return c.JSON(http.StatusOK, map[string]any{"url": s.URL() + to.WebPath()})
}

type settingsInput struct {
	Private             *bool   `json:"private"`
	Visibility          *string `json:"visibility"`
	DiscussionsDisabled *bool   `json:"discussionsDisabled"`
	Gated               any     `json:"gated"` // false, "auto" or "manual"

	// These change nothing here, where discussions are sorted as asked and nobody is mailed.
	DiscussionsSorting *string `json:"discussionsSorting"`
	OrgMembersGated    *bool   `json:"orgMembersGated"`
	NotificationsEmail *string `json:"gatedNotificationsEmail"`
	NotificationsMode  *string `json:"gatedNotificationsMode"`
}

// check refuses what the Hub does not know.
func (in settingsInput) check(typ hub.RepoType) error {
	gated, known := in.Gated.(string)
	yes, isBool := in.Gated.(bool)
	unknown := func(value *string, known ...string) bool { return value != nil && !slices.Contains(known, *value) }
	switch {
	case in.Gated != nil && (isBool && yes || !isBool && (!known || gated != "auto" && gated != "manual")):
		return errors.New(`"gated" is false, "auto" or "manual"`)
	case unknown(in.Visibility, "public", "private", "protected"):
		return errors.New(`"visibility" is public, private or protected`)
	case in.Visibility != nil && *in.Visibility == "protected" && typ != hub.Space:
		return errors.New("only Spaces can be protected")
	case unknown(in.DiscussionsSorting, "recently-created", "trending", "reactions"):
		return errors.New(`"discussionsSorting" is recently-created, trending or reactions`)
	case unknown(in.NotificationsMode, "bulk", "real-time"):
		return errors.New(`"gatedNotificationsMode" is bulk or real-time`)
	}
	return nil
}

func (s *Server) updateSettings(c echo.Context) error {
	r, who, err := s.repoFor(c, true)
	if err != nil {
		return err
	}
	var in settingsInput
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	if err := in.check(r.typ); err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	changed, visible := r.set(in)
	told := map[string]any{}
	if visible {
		told["private"] = changed["private"]
	}
	s.repoEvent(r, who, "update", "repo.config", func(p *hub.Payload) { p.UpdatedConfig = told })
	return c.JSON(http.StatusOK, changed)
}

// set changes the settings that the input has. It returns them, and whether the visibility is another now.
func (r *repo) set(in settingsInput) (changed map[string]any, visible bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed.Store(true)
	changed = map[string]any{}
	if in.Private != nil {
		visible = r.private != *in.Private
		r.private, changed["private"] = *in.Private, *in.Private
	}
	if in.Visibility != nil { // to be protected is to be private, but for the app of a Space
		private := *in.Visibility != "public"
		visible = r.private != private
		r.private, changed["private"], changed["visibility"] = private, private, *in.Visibility
	}
	if in.DiscussionsDisabled != nil {
		r.discussionsDisabled, changed["discussionsDisabled"] = *in.DiscussionsDisabled, *in.DiscussionsDisabled
	}
	if in.Gated != nil {
		gated, _ := in.Gated.(string)
		r.gated, changed["gated"] = gated, in.Gated
	}
	for name, value := range map[string]*string{
		"discussionsSorting": in.DiscussionsSorting, "gatedNotificationsEmail": in.NotificationsEmail,
		"gatedNotificationsMode": in.NotificationsMode,
	} {
		if value != nil {
			changed[name] = *value
		}
	}
	if in.OrgMembersGated != nil {
		changed["orgMembersGated"] = *in.OrgMembersGated
	}
	return changed, visible
}

func (s *Server) checkRead(c echo.Context) error {
	r, who, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	if err := s.gate(c, r, who); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{})
}

func (s *Server) checkWrite(c echo.Context) error {
	if _, _, err := s.repoFor(c, true); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{})
}
