package emulator

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/labstack/echo/v4"
)

// wantsV2 tells whether the client speaks version 2 of git's protocol, which is for fetching only.
func wantsV2(c echo.Context) bool {
	return slices.Contains(strings.Split(c.Request().Header.Get("Git-Protocol"), ":"), "version=2")
}

// advertiseV2 says what the server can do.
func advertiseV2(w io.Writer) error {
	out := pktline.NewEncoder(w)
	err := out.EncodeString(
		"version 2\n", "agent="+gitAgent+"\n", "ls-refs=unborn\n", "fetch=shallow filter\n", "object-format=sha1\n")
	return errors.Join(err, out.Flush())
}

// commandV2 is a request of protocol version 2.
type commandV2 struct {
	name string
	args []string
}

// parseV2 reads a command with its arguments, of which there are not more than a fetch may have.
func parseV2(body io.Reader) (command commandV2, err error) {
	packets, inArgs := pktReader{body}, false
	for {
		kind, text, err := packets.next()
		switch {
		case err == nil && kind == pktFlush, errors.Is(err, io.EOF):
			return command, nil
		case err != nil:
			return command, err
		case kind == pktDelim:
			inArgs = true
		case !inArgs: // capabilities, such as the client's name
			if name, ok := strings.CutPrefix(text, "command="); ok {
				command.name = name
			}
		case len(command.args) >= 3*maxWants:
			return command, fmt.Errorf("%w: too many arguments", errProtocol)
		default:
			command.args = append(command.args, text)
		}
	}
}

// answerV2 carries out a command.
func (r *repo) answerV2(w io.Writer, body io.Reader) error {
	command, err := parseV2(body)
	if err != nil {
		return err
	}
	switch command.name {
	case "ls-refs":
		return r.listRefsV2(w, command.args)
	case "fetch":
		request, err := parseFetchV2(command.args)
		if err != nil {
			return err
		}
		return r.answerFetchV2(w, request)
	}
	return fmt.Errorf("%w: the command %.60q is not supported", errProtocol, command.name)
}

// listRefsV2 lists the refs that begin with one of the prefixes; all when there are none.
func (r *repo) listRefsV2(w io.Writer, args []string) error {
	var prefixes []string
	for _, arg := range args {
		if prefix, ok := strings.CutPrefix(arg, "ref-prefix "); ok {
			prefixes = append(prefixes, prefix)
		}
	}
	wanted := func(name string) bool {
		return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	symrefs, peel := slices.Contains(args, "symrefs"), slices.Contains(args, "peel")
	out := pktline.NewEncoder(w)
	var failed error
	say := func(format string, values ...any) { failed = errors.Join(failed, out.Encodef(format, values...)) }
	if head, ok := r.head(mainBranch); wanted("HEAD") {
		target := ""
		if symrefs {
			target = " symref-target:" + mainBranch
		}
		if ok {
			say("%s HEAD%s\n", head, target)
		} else if slices.Contains(args, "unborn") {
			say("unborn HEAD%s\n", target)
		}
	}
	for _, ref := range r.git.list("refs/") {
		if !wanted(ref.name) {
			continue
		}
		peeled := ""
		if commit, err := r.peel(ref.hash); peel && err == nil && commit != ref.hash {
			peeled = " peeled:" + commit.String()
		}
		say("%s %s%s\n", ref.hash, ref.name, peeled)
	}
	return errors.Join(failed, out.Flush())
}

// answerFetchV2 acknowledges what the client has, or sends the pack when it is done or something common was found.
func (r *repo) answerFetchV2(w io.Writer, request *fetchRequest) error {
	out := pktline.NewEncoder(w)
	for _, want := range request.wants {
		if r.git.HasEncodedObject(want) != nil {
			return out.Encodef("ERR upload-pack: not our ref %s\n", want)
		}
	}
	if !request.done {
		ready, err := r.acknowledgeV2(out, request)
		if err != nil {
			return err
		}
		if !ready {
			return out.Flush()
		}
		if err := writeDelim(w); err != nil {
			return err
		}
	}
	plan, err := r.planFetch(request)
	if err != nil {
		return err
	}
	if request.deepens() {
		if err := errors.Join(out.EncodeString("shallow-info\n"), writeShallows(out, plan), writeDelim(w)); err != nil {
			return err
		}
	}
	objects, err := r.objectsFor(plan)
	if err != nil {
		return err
	}
	if err := out.EncodeString("packfile\n"); err != nil {
		return err
	}
	return r.writePack(w, objects, true)
}

func writeDelim(w io.Writer) error {
	_, err := io.WriteString(w, "0001")
	return err
}

func (r *repo) acknowledgeV2(out *pktline.Encoder, request *fetchRequest) (ready bool, err error) {
	err = out.EncodeString("acknowledgments\n")
	for _, have := range request.haves {
		if r.git.HasEncodedObject(have) == nil {
			ready = true
			err = errors.Join(err, out.Encodef("ACK %s\n", have))
		}
	}
	if !ready {
		return false, errors.Join(err, out.EncodeString("NAK\n"))
	}
	return true, errors.Join(err, out.EncodeString("ready\n"))
}

// parseFetchV2 reads the arguments of a fetch. Those that only say what the client can take are passed over.
func parseFetchV2(args []string) (*fetchRequest, error) {
	request := &fetchRequest{shallows: map[plumbing.Hash]bool{}, filter: noFilter}
	for _, arg := range args {
		id, isHave := strings.CutPrefix(arg, "have ")
		var err error
		switch {
		case isHave:
			err = addHash(&request.haves, id)
		case arg == "done":
			request.done = true
		case arg == "deepen-relative":
			request.relative = true
		case slices.Contains([]string{"thin-pack", "no-progress", "include-tag", "ofs-delta"}, arg):
		default:
			err = request.parseWant(arg)
		}
		if err != nil {
			return nil, err
		}
	}
	return request, nil
}

// serveV2 answers a command by HTTP. What is wrong with it is told before anything is written.
func (s *Server) serveV2(c echo.Context, r *repo, body io.Reader) error {
	noCache(c, "application/x-"+uploadPack+"-result")
	err := r.answerV2(c.Response(), body)
	switch {
	case err == nil || c.Response().Committed:
		return nil // an answer that broke off is seen by the client
	case errors.Is(err, errBodyTooLarge):
		return fail(c, http.StatusRequestEntityTooLarge, "", err.Error())
	case errors.Is(err, errProtocol):
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	return err
}
