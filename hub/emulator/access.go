package emulator

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"
)

// States of a request for access to a gated repository (https://huggingface.co/docs/hub/models-gated).
const (
	accessPending  = "pending"
	accessAccepted = "accepted"
	accessRejected = "rejected"
)

// access is a user's request, and what became of it.
type access struct {
	user   *account
	status string
	at     time.Time
}

// accessRoutes ask for access and decide about it. Gated repositories let in who was accepted.
func (s *Server) accessRoutes(e *echo.Echo) {
	e.GET(apiRepo+"/user-access-request/:status", s.listAccess)
	e.POST(apiRepo+"/user-access-request/handle", s.handleAccess)
	e.POST(apiRepo+"/user-access-request/grant", s.grantAccess)
	e.POST(apiRepo+"/user-access-request/cancel", s.cancelAccess)
}

// accessOf is how a user's request stands; empty without one.
func (r *repo) accessOf(who *account) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, each := range r.access {
		if each.user == who {
			return each.status
		}
	}
	return ""
}

// setAccess decides about a user, or forgets its request when status is empty.
func (r *repo) setAccess(who *account, status string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.access = slices.DeleteFunc(r.access, func(a access) bool { return a.user == who })
	if status != "" {
		r.access = append(r.access, access{who, status, time.Now()})
	}
	r.changed.Store(true)
}

// askAccess is what the button on a gated repository's page does.
func (s *Server) askAccess(c echo.Context) error {
	r, _, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	who, err := s.requireCaller(c)
	if err != nil {
		return err
	}
	gated := r.state().gated
	switch {
	case gated == "":
		return fail(c, http.StatusBadRequest, "", "This repository is not gated")
	case r.accessOf(who) != "":
		return fail(c, http.StatusBadRequest, "", "You asked already; the request is "+r.accessOf(who))
	}
	status := accessPending
	if gated == "auto" {
		status = accessAccepted
	}
	r.setAccess(who, status)
	return c.JSON(http.StatusOK, map[string]string{"status": status})
}

func (s *Server) listAccess(c echo.Context) error {
	r, _, err := s.repoFor(c, true)
	if err != nil {
		return err
	}
	status := param(c, "status")
	r.mu.Lock()
	requests := slices.Clone(r.access)
	r.mu.Unlock()
	list := []map[string]any{}
	for _, each := range requests {
		if each.status != status {
			continue
		}
		list = append(list, map[string]any{
			"status": each.status, "timestamp": timestamp(each.at), "fields": map[string]string{}, "user": map[string]any{
				"_id": each.user.id, "user": each.user.name, "fullname": each.user.name, "email": each.user.email(),
				"avatarUrl": s.avatarURL(each.user), "isPro": true, "type": "user", "verifiedOrgNames": []string{},
			},
		})
	}
	from, to := page(c, len(list), number(c, "limit", 1000, 10, 1000))
	s.linkNext(c, to, len(list))
	return c.JSON(http.StatusOK, list[from:to])
}

// accessInput names a user by its id or its name.
type accessInput struct {
	UserID string `json:"userId"`
	User   string `json:"user"`
	Status string `json:"status"`
}

// accessCall reads a decision of the repository's owner.
func (s *Server) accessCall(c echo.Context) (*repo, *account, accessInput, error) {
	var in accessInput
	r, _, err := s.repoFor(c, true)
	if err != nil {
		return nil, nil, in, err
	}
	if err := decodeJSON(c, &in); err != nil {
		return nil, nil, in, err
	}
	who := s.accounts.named(in.User)
	if in.UserID != "" {
		who = s.accounts.withID(in.UserID)
	}
	if who == nil || who.org {
		return nil, nil, in, fail(c, http.StatusNotFound, "", "This user does not exist")
	}
	if r.state().gated == "" {
		return nil, nil, in, fail(c, http.StatusBadRequest, "", "This repository is not gated")
	}
	return r, who, in, nil
}

func (s *Server) handleAccess(c echo.Context) error {
	r, who, in, err := s.accessCall(c)
	if err != nil {
		return err
	}
	switch before := r.accessOf(who); {
	case in.Status != accessPending && in.Status != accessAccepted && in.Status != accessRejected:
		return fail(c, http.StatusBadRequest, "", `"status" is one of accepted, rejected, pending`)
	case before == "":
		return fail(c, http.StatusNotFound, "", "This user did not ask for access")
	case before == in.Status:
		return fail(c, http.StatusBadRequest, "", "The request is "+before+" already")
	}
	r.setAccess(who, in.Status)
	return c.NoContent(http.StatusOK)
}

func (s *Server) grantAccess(c echo.Context) error {
	r, who, _, err := s.accessCall(c)
	if err != nil {
		return err
	}
	if r.accessOf(who) == accessAccepted {
		return fail(c, http.StatusBadRequest, "", "This user has access already")
	}
	r.setAccess(who, accessAccepted)
	return c.NoContent(http.StatusOK)
}

func (s *Server) cancelAccess(c echo.Context) error {
	r, _, err := s.repoFor(c, false)
	if err != nil {
		return err
	}
	who, err := s.requireCaller(c)
	if err != nil {
		return err
	}
	if r.accessOf(who) == "" {
		return fail(c, http.StatusNotFound, "", "You did not ask for access")
	}
	r.setAccess(who, "")
	return c.NoContent(http.StatusOK)
}

func (r *repo) accessRecords() (records []accessRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, each := range r.access {
		records = append(records, accessRecord{each.user.id, each.status, each.at})
	}
	return records
}
