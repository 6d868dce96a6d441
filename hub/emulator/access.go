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
	user    *account
	status  string
	at      time.Time
	granted bool // without having been asked: the user did not share its address
}

// accessRoutes ask for access and decide about it. Gated repositories let in who was accepted.
func (s *Server) accessRoutes(e *echo.Echo) {
	e.GET(apiRepo+"/user-access-request/:status", s.listAccess)
	e.POST(apiRepo+"/user-access-request/handle", s.handleAccess)
	e.POST(apiRepo+"/user-access-request/batch", s.batchAccess)
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
	granted := status == accessAccepted
	r.access = slices.DeleteFunc(r.access, func(a access) bool {
		if a.user == who {
			granted = a.granted
		}
		return a.user == who
	})
	if status != "" {
		r.access = append(r.access, access{who, status, time.Now(), granted})
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
	return c.Redirect(http.StatusSeeOther, r.ref().WebPath())
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
		user := s.viewUser(each.user)
		user["verifiedOrgNames"] = []string{}
		if !each.granted {
			user["email"] = each.user.email()
		}
		list = append(list, map[string]any{
			"status": each.status, "timestamp": timestamp(each.at), "fields": map[string]string{}, "user": user,
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
	case !accessStatus(in.Status):
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
	return c.JSON(http.StatusOK, map[string]string{"status": accessAccepted})
}

// batchAccess decides about many users at once, and tells for each how it went.
func (s *Server) batchAccess(c echo.Context) error {
	r, _, err := s.repoFor(c, true)
	if err != nil {
		return err
	}
	var in struct {
		Status   string `json:"status"`
		Requests []struct {
			UserID string `json:"userId,omitempty"`
			User   string `json:"user,omitempty"`
		} `json:"requests"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	const most = 1000
	if !accessStatus(in.Status) || len(in.Requests) > most {
		return fail(c, http.StatusBadRequest, "", `"status" is one of accepted, rejected, pending, and "requests" has at most 1000`)
	}
	results := []map[string]any{}
	for _, each := range in.Requests {
		who, result := s.accounts.named(each.User), map[string]any{"user": each.User, "ok": true}
		if each.UserID != "" {
			who, result = s.accounts.withID(each.UserID), map[string]any{"userId": each.UserID, "ok": true}
		}
		switch {
		case who == nil || who.org:
			result["ok"], result["error"] = false, "user_not_found"
		case r.accessOf(who) == "":
			result["ok"], result["error"] = false, "request_not_found"
		default:
			r.setAccess(who, in.Status)
		}
		results = append(results, result)
	}
	return c.JSON(http.StatusOK, results)
}

func accessStatus(status string) bool {
	return status == accessPending || status == accessAccepted || status == accessRejected
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
		records = append(records, accessRecord{each.user.id, each.status, each.at, each.granted})
	}
	return records
}
