package emulator

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// servePush takes a push: commands and a pack in, a report for each ref out.
func (s *Server) servePush(c echo.Context) error {
	r, err := s.gitRepo(c, receivePack)
	if err != nil {
		return err
	}
	body, err := gitBody(c, maxPushBytes)
	if err != nil {
		return err
	}
	request, err := parsePush(body)
	if err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	noCache(c, "application/x-"+receivePack+"-result")
	if len(request.commands) == 0 {
		return c.NoContent(http.StatusOK) // the client only tried its credentials
	}
	report := s.push(r, s.pusher(c), request, body)
	_ = writeReport(c.Response(), request, report) // a client that is gone does not need it
	return nil
}

// pushReport is the outcome of a push: of the pack, and of each command in order; empty texts are success.
type pushReport struct {
	unpack  string
	results []string
}

// push checks and stores a push, and tells the webhooks once about all refs that moved.
func (s *Server) push(r *repo, who pusher, request *pushRequest, body io.Reader) pushReport {
	report := pushReport{results: make([]string, len(request.commands))}
	incoming := newQuarantine(r.git)
	if request.needsPack() {
		if err := incoming.unpack(body); err != nil {
			report.unpack = oneLine(err)
			for i := range report.results {
				report.results[i] = "unpacker error"
			}
			return report
		}
	}
	s.checkPush(r, who, incoming, request, report.results)
	r.moveRefs(request, report.results)
	var moved []hub.UpdatedRef
	for i, command := range request.commands {
		if report.results[i] == "" {
			moved = append(moved, updatedRef(command.ref, command.old, command.new))
		}
	}
	if len(moved) > 0 {
		r.touch()
		s.opts.Log("%s: %s pushed %d refs", r.ref(), who.name, len(moved))
		s.refsUpdated(r, who.account, moved)
	}
	return report
}

// checkPush notes what speaks against each command, and stores the new objects when they are sound. Bad content in one
// ref refuses the whole push, as the Hub's pre-receive hook does.
func (s *Server) checkPush(r *repo, who pusher, incoming *quarantine, request *pushRequest, results []string) {
	check := newPushCheck(incoming, r.typ, &r.lfs)
	for i, command := range request.commands {
		if err := s.checkCommand(r, who, command); err != nil {
			results[i] = oneLine(err)
			continue
		}
		if command.new.IsZero() {
			continue
		}
		if err := check.tip(command.ref, command.new); err != nil {
			failRest(results, oneLine(err))
			return
		}
	}
	if request.atomic && slices.ContainsFunc(results, func(reason string) bool { return reason != "" }) {
		failRest(results, "atomic push failed")
		return
	}
	check.admit()
}

// checkCommand tells why a ref may not be moved so, whatever it is to point at.
func (s *Server) checkCommand(r *repo, who pusher, command pushCommand) error {
	isPull := strings.HasPrefix(command.ref, "refs/pr/")
	switch {
	case plumbing.ReferenceName(command.ref).Validate() != nil || !pushable(command.ref):
		return errors.New("this reference cannot be pushed: use a branch, a tag or refs/pr/N")
	case !s.mayPush(r, who, command.ref):
		return errors.New("you are not allowed to push to this reference")
	case command.new.IsZero() && command.ref == mainBranch:
		return errors.New("the main branch cannot be deleted")
	case command.new.IsZero() && isPull:
		return errors.New("close the pull request to delete its reference")
	case isPull && !r.takesCommits(command.ref):
		return errors.New("there is no open pull request of this number: open one first")
	}
	return nil
}

func pushable(ref string) bool {
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/pr/", "refs/convert/"} {
		if strings.HasPrefix(ref, prefix) {
			return true
		}
	}
	return false
}

// moveRefs moves every ref that nothing speaks against, each only if it is still where the client saw it. An atomic
// push moves all or none.
func (r *repo) moveRefs(request *pushRequest, results []string) {
	r.git.mu.Lock()
	defer r.git.mu.Unlock()
	r.changed.Store(true)
	stale := false
	for i, command := range request.commands {
		if results[i] == "" && r.git.refs[command.ref] != command.old {
			results[i], stale = "the reference was updated by someone else: fetch first", true
		}
	}
	if stale && request.atomic {
		failRest(results, "atomic push failed")
	}
	for i, command := range request.commands {
		switch {
		case results[i] != "":
		case command.new.IsZero():
			delete(r.git.refs, command.ref)
		default:
			r.git.refs[command.ref] = command.new
		}
	}
}

func failRest(results []string, reason string) {
	for i := range results {
		if results[i] == "" {
			results[i] = reason
		}
	}
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

// writeReport tells the client what became of its push.
func writeReport(w io.Writer, request *pushRequest, report pushReport) error {
	if !request.report {
		return nil
	}
	if !request.sideband {
		return encodeReport(w, request, report)
	}
	var text strings.Builder
	if err := encodeReport(&text, request, report); err != nil {
		return err
	}
	if _, err := sideband.NewMuxer(sideband.Sideband64k, w).Write([]byte(text.String())); err != nil {
		return err
	}
	return pktline.NewEncoder(w).Flush()
}

func encodeReport(w io.Writer, request *pushRequest, report pushReport) error {
	out := pktline.NewEncoder(w)
	unpacked := "ok"
	if report.unpack != "" {
		unpacked = report.unpack
	}
	if err := out.Encodef("unpack %s\n", unpacked); err != nil {
		return err
	}
	for i, command := range request.commands {
		line := "ok " + command.ref
		if reason := report.results[i]; reason != "" {
			line = "ng " + command.ref + " " + reason
		}
		if err := out.Encodef("%s\n", line); err != nil {
			return err
		}
	}
	return out.Flush()
}
