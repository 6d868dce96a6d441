package emulator

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/labstack/echo/v4"
)

const maxFetchRequest = 16 << 20 // bytes

// serveFetch answers one round of a fetch.
func (s *Server) serveFetch(c echo.Context) error {
	r, err := s.gitRepo(c, uploadPack)
	if err != nil {
		return err
	}
	body, err := gitBody(c, maxFetchRequest)
	if err != nil {
		return err
	}
	if wantsV2(c) {
		return s.serveV2(c, r, body)
	}
	request, err := parseFetch(body)
	switch {
	case errors.Is(err, errBodyTooLarge):
		return fail(c, http.StatusRequestEntityTooLarge, "", err.Error())
	case err != nil:
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	noCache(c, "application/x-"+uploadPack+"-result")
	err = r.answerFetch(c.Response(), request)
	if err != nil && !c.Response().Committed {
		return err
	}
	return nil // an answer that broke off is seen by the client
}

// answerFetch writes the changed shallow commits, the acknowledgements and, when the client is done asking, the pack.
func (r *repo) answerFetch(w io.Writer, request *fetchRequest) error {
	out := pktline.NewEncoder(w)
	for _, want := range request.wants {
		if r.git.HasEncodedObject(want) != nil {
			return out.Encodef("ERR upload-pack: not our ref %s\n", want)
		}
	}
	if len(request.wants) == 0 {
		return out.Flush()
	}
	plan, err := r.planFetch(request)
	if err != nil {
		return err
	}
	if request.deepens() {
		if err := errors.Join(writeShallows(out, plan), out.Flush()); err != nil {
			return err
		}
	}
	if !request.negotiates {
		return nil // the client only asked how shallow it will be
	}
	if err := r.acknowledge(out, request); err != nil || !request.done {
		return err
	}
	objects, err := r.objectsFor(plan)
	if err != nil {
		return err
	}
	return r.writePack(w, objects, request.sideband)
}

func writeShallows(out *pktline.Encoder, plan *fetchPlan) error {
	for _, hash := range sortedHashes(plan.newShallows) {
		if err := out.Encodef("shallow %s", hash); err != nil {
			return err
		}
	}
	for _, hash := range sortedHashes(plan.unshallows) {
		if err := out.Encodef("unshallow %s", hash); err != nil {
			return err
		}
	}
	return nil
}

// acknowledge names the first commit that both sides have. The request is one stateless round, so a client that is not
// done asks again with what it learned.
func (r *repo) acknowledge(out *pktline.Encoder, request *fetchRequest) error {
	for _, have := range request.haves {
		if r.git.HasEncodedObject(have) == nil {
			return out.Encodef("ACK %s\n", have)
		}
	}
	return out.EncodeString("NAK\n")
}

func (r *repo) writePack(w io.Writer, objects []plumbing.Hash, muxed bool) error {
	if !muxed {
		_, err := packfile.NewEncoder(w, r.git, false).Encode(objects, 0)
		return err
	}
	band := sideband.NewMuxer(sideband.Sideband64k, w)
	if _, err := packfile.NewEncoder(band, r.git, false).Encode(objects, 0); err != nil {
		return fmt.Errorf("send the pack: %w", err)
	}
	return pktline.NewEncoder(w).Flush()
}

func sortedHashes(set map[plumbing.Hash]bool) []plumbing.Hash {
	list := make([]plumbing.Hash, 0, len(set))
	for hash := range set {
		list = append(list, hash)
	}
	slices.SortFunc(list, func(a, b plumbing.Hash) int { return slices.Compare(a[:], b[:]) })
	return list
}
