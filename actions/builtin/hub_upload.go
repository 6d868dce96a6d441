package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(hubUpload{}) }

// hubUpload brings a file of any size into a repository.
type hubUpload struct{}

// uploadIn is the inputs of hub.upload.
type uploadIn struct {
	Path         string `json:"path" required:"true" doc:"path the file gets in the repository"`
	URL          string `json:"url" oneof:"source" doc:"address to fetch the file from"`
	FromPath     string `json:"from_path" oneof:"source" doc:"path of the file in from_repo"`
	FromRepo     string `json:"from_repo" doc:"repository that has the file; the event's by default"`
	FromRepoType string `json:"from_repo_type" enum:"model,dataset,space" doc:"its kind"`
	FromRevision string `json:"from_revision" doc:"commit, branch or tag of it; the event's commit by default, else main"`
	SHA256       string `json:"sha256" doc:"hex digest the content must have"`
	MaxSize      int64  `json:"max_size" default:"5368709120" doc:"most bytes that are taken"`
	Message      string `json:"message" doc:"first line of the commit message"`
	destination
	actions.Target
}

// uploadOut is the outputs of hub.upload.
type uploadOut struct {
	Changed bool   `json:"changed" doc:"a commit was made; false when the file is so already"`
	Commit  string `json:"commit" doc:"the commit that has the file; empty in a dry run"`
	Size    int64  `json:"size" doc:"bytes of the file"`
	SHA256  string `json:"sha256" doc:"hex digest of the file"`
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Validate implements actions.Validator.
func (in *uploadIn) Validate() error {
	if err := checkPath(in.Path); err != nil {
		return err
	}
	if in.URL != "" {
		if err := checkWebURL(in.URL); err != nil {
			return fmt.Errorf("url: %w", err)
		}
	}
	if in.SHA256 != "" && !hexDigest.MatchString(in.SHA256) {
		return errors.New("sha256 must be 64 lower-case hex digits")
	}
	return in.check()
}

// Spec implements actions.Action.
func (hubUpload) Spec() actions.Spec {
	return actions.Spec{
		ID:      "hub.upload",
		Summary: "Bring a file of any size into a repository, from an address or another repository.",
		Description: "The content goes through the step's folder, never through memory as a whole. Private addresses are " +
			"refused unless the settings allow them. A file that the repository has already makes no commit.",
		Effect:     actions.HubWrite,
		Access:     actions.WriteAccess,
		Idempotent: true,
		Secrets: []actions.SecretSpec{{
			Name: "authorization", Doc: "value of the Authorization header for url, such as \"Bearer …\"",
		}},
		Example: "uses: hub.upload\nwith:\n  repo: acme/mirror\n  path: model.safetensors\n  from_path: model.safetensors",
	}
}

// Run implements actions.Action.
func (hubUpload) Run(ctx context.Context, rt *actions.Runtime, in uploadIn) (out uploadOut, err error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return uploadOut{}, err
	}
	source, err := in.source(ctx, rt)
	if err != nil {
		return uploadOut{}, err
	}
	file := filepath.Join(rt.Dir, "upload")
	out.Size, out.SHA256, err = in.store(file, source)
	if err = errors.Join(err, source.Close()); err != nil {
		return uploadOut{}, err
	}
	info, err := rt.Hub.RepoInfo(ctx, repo, in.revision())
	if err != nil {
		return uploadOut{}, fmt.Errorf("read %s at %s: %w", repo, in.revision(), err)
	}
	same, err := in.sameThere(ctx, rt, repo, info.SHA, file, out)
	if err != nil {
		return uploadOut{}, err
	}
	if out.Commit, out.Changed = info.SHA, !same; same {
		return out, nil
	}
	if rt.DryRun {
		out.Commit = ""
		return out, nil
	}
	if in.Message == "" {
		in.Message = "Upload " + in.Path
	}
	made, err := rt.Hub.Commit(ctx, repo, hub.CommitInput{
		Revision: in.revision(), Summary: in.Message, ParentCommit: info.SHA,
		Files: []hub.CommitFile{{
			Path: in.Path, Size: out.Size, SHA256: out.SHA256, Open: func() (io.ReadCloser, error) { return os.Open(file) },
		}},
	})
	if err != nil {
		return uploadOut{}, fmt.Errorf("upload %s to %s: %w", in.Path, repo, movedOn(err))
	}
	out.Commit = made.OID
	return out, nil
}

// source opens what is to be uploaded.
func (in uploadIn) source(ctx context.Context, rt *actions.Runtime) (io.ReadCloser, error) {
	if in.URL != "" {
		return in.fetch(ctx, rt)
	}
	from, err := actions.Target{Repo: in.FromRepo, RepoType: in.FromRepoType}.Resolve(rt)
	if err != nil {
		return nil, err
	}
	revision, err := resolveRevision(ctx, rt, from, in.FromRevision)
	if err != nil {
		return nil, err
	}
	body, err := rt.Hub.Download(ctx, from, revision, in.FromPath, 0, -1)
	if err != nil {
		return nil, fmt.Errorf("read %s of %s at %s: %w", in.FromPath, from, revision, err)
	}
	return body, nil
}

// fetch calls the address.
func (in uploadIn) fetch(ctx context.Context, rt *actions.Runtime) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, in.URL, nil)
	if err != nil {
		return nil, actions.Permanent(err)
	}
	if secret := rt.Secret("authorization"); secret != "" {
		req.Header.Set("Authorization", secret.Reveal())
	}
	resp, err := boundedRedirects(rt.HTTP).Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	content, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // a broken body only shortens the message
	_ = resp.Body.Close()
	return nil, refusal(resp, content)
}

// store writes the source to a file, and gives its size and digest.
func (in uploadIn) store(path string, source io.Reader) (size int64, digest string, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, "", fmt.Errorf("make a file in the step's folder: %w", err)
	}
	hash := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, hash), io.LimitReader(source, in.MaxSize+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, "", fmt.Errorf("fetch the file: %w", err)
	}
	digest = hex.EncodeToString(hash.Sum(nil))
	switch {
	case size > in.MaxSize:
		return 0, "", actions.Permanentf("the file is larger than max_size, %d bytes", in.MaxSize)
	case in.SHA256 != "" && digest != in.SHA256:
		return 0, "", actions.Permanentf("the file has the digest %s, not %s", digest, in.SHA256)
	}
	return size, digest, nil
}

// sameThere tells whether the repository has the file already.
func (in uploadIn) sameThere(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, revision, file string, out uploadOut,
) (bool, error) {
	entries, err := rt.Hub.PathsInfo(ctx, repo, revision, []string{in.Path})
	if err != nil {
		return false, fmt.Errorf("look at %s at %s: %w", repo, revision, err)
	}
	if len(entries) != 1 || entries[0].Size != out.Size {
		return false, nil
	}
	if entries[0].LFS != nil {
		return entries[0].LFS.SHA256 == out.SHA256, nil
	}
	if out.Size > maxChangedBytes {
		return false, nil // such a file is never a plain one
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return false, fmt.Errorf("read the step's folder: %w", err)
	}
	return holds(entries[0], content), nil
}
