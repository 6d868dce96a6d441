package emulator

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/labstack/echo/v4"
)

const (
	uploadPack  = "git-upload-pack"
	receivePack = "git-receive-pack"
	gitAgent    = "hfbot-local-hub"
)

// gitRoutes serve git over smart HTTP (https://git-scm.com/docs/gitprotocol-http), fetches in the versions 0 and 2 of its
// protocol.
func (s *Server) gitRoutes(web *echo.Group) {
	web.GET("/info/refs", s.advertise)
	web.POST("/"+uploadPack, s.serveFetch)
	web.POST("/"+receivePack, s.servePush)
}

// advertise lists the refs and what the server can do.
func (s *Server) advertise(c echo.Context) error {
	service := c.QueryParam("service")
	r, err := s.gitRepo(c, service)
	if err != nil {
		return err
	}
	if service == uploadPack && wantsV2(c) {
		noCache(c, "application/x-"+service+"-advertisement")
		return advertiseV2(c.Response())
	}
	adv := packp.NewAdvRefs()
	adv.Prefix = [][]byte{[]byte("# service=" + service), pktline.Flush}
	for _, ref := range r.git.list("refs/") {
		adv.References[ref.name] = ref.hash
		if commit, err := r.peel(ref.hash); err == nil && commit != ref.hash {
			adv.Peeled[ref.name] = commit
		}
	}
	offers := []capability.Capability{capability.OFSDelta, capability.Sideband64k}
	if service == uploadPack {
		offers = append(offers, capability.Shallow, capability.DeepenSince, capability.DeepenNot, capability.DeepenRelative,
			capability.NoProgress, capability.Filter,
			capability.AllowTipSHA1InWant, capability.AllowReachableSHA1InWant)
		if head, ok := r.head(mainBranch); ok {
			adv.Head = &head
			_ = adv.Capabilities.Set(capability.SymRef, "HEAD:"+mainBranch)
		}
	} else {
		offers = append(offers, capability.ReportStatus, capability.DeleteRefs, capability.Atomic, "no-thin")
	}
	for _, offer := range offers {
		_ = adv.Capabilities.Set(offer) // a plain flag cannot fail
	}
	_ = adv.Capabilities.Set(capability.Agent, gitAgent)
	noCache(c, "application/x-"+service+"-advertisement")
	return adv.Encode(c.Response())
}

// gitRepo finds the repository for a git client. Pushing needs a login; which refs may be pushed is decided for each.
func (s *Server) gitRepo(c echo.Context, service string) (*repo, error) {
	if service != uploadPack && service != receivePack {
		return nil, fail(c, http.StatusForbidden, "", "Only smart HTTP is supported: use a git client")
	}
	r, who, err := s.repoFor(c, false)
	if err != nil {
		return nil, err
	}
	if service == receivePack {
		err = s.requireAny(c, mayWriteRepos, mayDiscuss)
		return r, err
	}
	return r, s.gate(c, r, who)
}

func noCache(c echo.Context, contentType string) {
	header := c.Response().Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
}

// errBodyTooLarge tells that a git request is larger than this server takes.
var errBodyTooLarge = errors.New("the request is too large")

// gitBody is the body of a git request, unpacked when the client sent it gzipped, of at most limit bytes.
func gitBody(c echo.Context, limit int64) (io.Reader, error) {
	var body io.Reader = c.Request().Body
	if c.Request().Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, fail(c, http.StatusBadRequest, "", "the body is not gzip")
		}
		body = unpacked
	}
	return &boundedReader{body, limit}, nil
}

// boundedReader fails, rather than ends, when more than left bytes come.
type boundedReader struct {
	from io.Reader
	left int64
}

// Read implements io.Reader.
func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errBodyTooLarge
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
