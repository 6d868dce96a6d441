package workspace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/utils/ioutil"
)

// maxBlobMiB is the size from which a blob is left out of the pack where the server can do that, because go-git holds
// whole blobs in memory while it indexes a pack. Such a blob is read over HTTP. The Hub itself wants LFS above 10 MB.
const maxBlobMiB = 10

// refDepths are how far back a ref is searched for a commit that the server does not give by its id. 0 is all of it.
var refDepths = []int{1, 10, 100, 1000, 0}

// errNotOurRef is the git server's answer to a commit that it does not have or does not give by its id.
var errNotOurRef = errors.New("the git server does not serve this commit")

// fetch gets the commit by git: by its id, else from the ref that held it.
func fetch(ctx context.Context, opts Options) (*objectStore, error) {
	objects, err := fetchOnce(ctx, opts, "", 1)
	if !errors.Is(err, errNotOurRef) || opts.Ref == "" {
		return objects, err
	}
	for _, depth := range refDepths {
		objects, refErr := fetchOnce(ctx, opts, opts.Ref, depth)
		if refErr == nil || !errors.Is(refErr, errNotOurRef) {
			return objects, refErr
		}
	}
	return nil, err
}

// fetchOnce fetches the commit itself (ref empty) or the history of a ref into a new object store, and makes sure that
// the commit is there.
func fetchOnce(ctx context.Context, opts Options, ref string, depth int) (_ *objectStore, err error) {
	dir := filepath.Join(opts.Dir, "git")
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	objects, err := newObjectStore(dir, filepath.Join(opts.Dir, "blobs"))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			// What a broken fetch leaves behind is of no use to the next one.
			err = errors.Join(err, objects.close(), os.RemoveAll(dir))
		}
	}()
	capped := &cappedTransport{base: opts.Client.HTTP().Transport}
	capped.left.Store(opts.Limits.PackBytes)
	if err := receive(ctx, opts, capped, ref, depth, objects); err != nil {
		if capped.exceeded() {
			return nil, fmt.Errorf("%w: the git pack has more than %d bytes", ErrTooLarge, opts.Limits.PackBytes)
		}
		return nil, explain(ctx, err)
	}
	if !objects.hasCommit(opts.SHA) {
		return nil, errNotOurRef
	}
	return objects, nil
}

// receive makes the two calls of a fetch. It speaks upload-pack itself, because go-git's own Fetch refuses to ask for
// commits by id where the server does not announce that it gives them, though servers mostly do.
func receive(
	ctx context.Context, opts Options, carrier http.RoundTripper, ref string, depth int, objects *objectStore,
) error {
	session, err := newSession(opts, carrier)
	if err != nil {
		return err
	}
	defer session.Close()
	advertised, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return err
	}
	want := plumbing.NewHash(opts.SHA)
	if ref != "" {
		tip, ok := advertised.References[ref]
		if !ok {
			return errNotOurRef
		}
		want = tip
	}
	request, err := newRequest(advertised.Capabilities, want, depth)
	if err != nil {
		return err
	}
	response, err := session.UploadPack(ctx, request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Close() }() // all that was to be read has been, or failed
	pack := ioutil.NewContextReader(ctx, response)
	switch {
	case request.Capabilities.Supports(capability.Sideband64k):
		pack = sideband.NewDemuxer(sideband.Sideband64k, pack)
	case request.Capabilities.Supports(capability.Sideband):
		pack = sideband.NewDemuxer(sideband.Sideband, pack)
	}
	if err := objects.storePack(ctx, pack, opts.Limits); err != nil {
		return err
	}
	return objects.storage.SetShallow(response.Shallows)
}

// newSession prepares calls to the repository's git server over HTTP and nothing else: go-git's other transports would
// run programs. Redirects are not followed, as a renamed repository is better found by the API.
func newSession(opts Options, carrier http.RoundTripper) (transport.UploadPackSession, error) {
	endpoint, err := transport.NewEndpoint(opts.Client.RepoURL(opts.Repo))
	if err != nil {
		return nil, errors.New("the repository's git address is malformed")
	}
	if endpoint.Protocol != "http" && endpoint.Protocol != "https" {
		return nil, fmt.Errorf("the repository's git address is %s, not http or https", endpoint.Protocol)
	}
	var auth transport.AuthMethod
	if token := opts.Client.Token(); token != "" {
		auth = &githttp.BasicAuth{Username: "hf", Password: token.Reveal()} // the Hub takes any name
	}
	git := githttp.NewClientWithOptions(&http.Client{Transport: carrier},
		&githttp.ClientOptions{RedirectPolicy: githttp.NoFollowRedirects})
	return git.NewUploadPackSession(endpoint, auth)
}

func newRequest(server *capability.List, want plumbing.Hash, depth int) (*packp.UploadPackRequest, error) {
	request := packp.NewUploadPackRequestFromCapabilities(server)
	request.Wants = []plumbing.Hash{want}
	request.Depth = packp.DepthCommits(depth)
	if depth > 0 {
		if err := request.Capabilities.Set(capability.Shallow); err != nil {
			return nil, err
		}
	}
	if server.Supports(capability.Filter) {
		if err := request.Capabilities.Set(capability.Filter); err != nil {
			return nil, err
		}
		request.Filter = packp.FilterBlobLimit(maxBlobMiB, packp.BlobLimitPrefixMebi)
	}
	return request, nil
}

// explain tells apart what is known only by its text, since go-git drops the errors it wraps.
func explain(ctx context.Context, err error) error {
	text := err.Error()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(text, "not our ref"), strings.Contains(text, "unadvertised object"),
		strings.Contains(text, "no such remote ref"), errors.Is(err, transport.ErrEmptyRemoteRepository),
		errors.Is(err, transport.ErrEmptyUploadPackRequest):
		return fmt.Errorf("%w: %w", errNotOurRef, err)
	}
	return fmt.Errorf("fetch by git: %w", err)
}
