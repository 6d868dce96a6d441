package builtin

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(spacePreview{}) }

// spacePreview shows a pull request of a Space as a Space of its own.
type spacePreview struct{}

// previewIn is the inputs of space.preview.
type previewIn struct {
	Namespace string `json:"namespace" doc:"user or organisation that has the preview; the bot's own account by default"`
	Private   bool   `json:"private" default:"true" doc:"only the namespace sees the preview"`
	Delete    bool   `json:"delete" doc:"remove the preview instead, such as when the pull request is closed"`
	thread
}

// previewOut is the outputs of space.preview.
type previewOut struct {
	Space   string `json:"space" doc:"name of the preview"`
	URL     string `json:"url" doc:"its page"`
	Changed bool   `json:"changed" doc:"it was made, changed or removed"`
	Commit  string `json:"commit" doc:"commit of the pull request that it shows"`
}

// Bounds of a preview.
const (
	maxPreviewFiles = 500
	maxPreviewBytes = 64 << 20
)

// Spec implements actions.Action.
func (spacePreview) Spec() actions.Spec {
	return actions.Spec{
		ID:      "space.preview",
		Summary: "Show a pull request of a Space as a Space of its own.",
		Description: "The preview is called OWNER-SPACE-pr-N. It has the files of the pull request's head, the free hardware and no " +
			"secrets, so that a stranger's code gets nothing of yours; a new push replaces its files. A Space of that name that " +
			"is no preview is left alone. Only pull requests of Spaces with at most 500 files and 64 MiB have one. For Docker and " +
			"Gradio Spaces the bot's account needs a paid plan, and for all the right to make repositories in the namespace.",
		Effect:     actions.HubWrite,
		Idempotent: true,
		Example:    "uses: space.preview\nid: preview\nwith: {namespace: acme-previews}",
	}
}

// Run implements actions.Action.
func (spacePreview) Run(ctx context.Context, rt *actions.Runtime, in previewIn) (previewOut, error) {
	repo, num, err := in.resolve(rt)
	if err != nil {
		return previewOut{}, err
	}
	if repo.Type != hub.Space {
		return previewOut{}, actions.Permanentf("%s is no Space: only those have previews", repo)
	}
	if in.Namespace == "" {
		me, err := ownAccount(ctx, rt)
		if err != nil {
			return previewOut{}, err
		}
		in.Namespace = me.name
	}
	preview := hub.RepoRef{Type: hub.Space, Name: in.Namespace + "/" + previewName(repo, num)}
	out := previewOut{Space: preview.Name, URL: rt.Hub.RepoURL(preview)}
	_, err = rt.Hub.RepoInfo(ctx, preview, "")
	there := err == nil
	if err != nil && !hub.IsNotFound(err) {
		return previewOut{}, fmt.Errorf("look for %s: %w", preview, err)
	}
	if there {
		if err := checkPreview(ctx, rt, preview, repo, num); err != nil {
			return previewOut{}, err
		}
	}
	if in.Delete {
		out.Changed = there
		if there && !rt.DryRun {
			if err := rt.Hub.DeleteRepo(ctx, preview); err != nil {
				return previewOut{}, fmt.Errorf("remove %s: %w", preview, err)
			}
		}
		return out, nil
	}
	return in.show(ctx, rt, repo, num, preview, there, out)
}

// previewName names the preview of a pull request. Something else may have that name, see checkPreview.
func previewName(repo hub.RepoRef, num int) string {
	end := fmt.Sprintf("-pr-%d", num)
	name := strings.ReplaceAll(repo.Name, "/", "-")
	return name[:min(len(name), 96-len(end))] + end
}

// previewTitle begins the title of each commit of a preview.
func previewTitle(repo hub.RepoRef, num int) string {
	return fmt.Sprintf("Show pull request %d of %s at ", num, repo.Name)
}

// checkPreview makes sure that a Space of the name is the preview, by the title of its newest commit, or is as empty as the
// Hub makes one. Anything else is somebody's own and must neither be overwritten nor removed.
func checkPreview(ctx context.Context, rt *actions.Runtime, preview, repo hub.RepoRef, num int) error {
	for newest, err := range rt.Hub.Commits(ctx, preview, "") {
		if err != nil {
			return fmt.Errorf("read the history of %s: %w", preview, err)
		}
		if newest.Title != "initial commit" && !strings.HasPrefix(newest.Title, previewTitle(repo, num)) {
			return actions.Permanentf("%s is there already and no preview of pull request %d of %s: give another namespace, "+
				"or rename it", preview, num, repo.Name)
		}
		break
	}
	return nil
}

// spaceSDK is the SDK in a card's front matter.
var spaceSDK = regexp.MustCompile(`^(gradio|docker|static|streamlit)$`)

// show brings the preview to the files of the pull request.
func (in previewIn) show(
	ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, num int, preview hub.RepoRef, there bool, out previewOut,
) (previewOut, error) {
	var err error
	if out.Commit, err = pullRequestHead(ctx, rt, repo, num); err != nil {
		return previewOut{}, err
	}
	contents, err := wholeTree(ctx, rt, repo, out.Commit)
	if err != nil {
		return previewOut{}, err
	}
	if !there {
		out.Changed = true
		sdk := first(texts(parseCard(string(contents[cardPath])).metadata["sdk"]))
		if !spaceSDK.MatchString(sdk) {
			return previewOut{}, actions.Permanentf("the README.md of %s at %s names no sdk that a Space can have", repo, out.Commit)
		}
		if rt.DryRun {
			return out, nil
		}
		err := rt.Hub.CreateRepo(ctx, preview, hub.CreateRepoOptions{Private: in.Private, SpaceSDK: sdk})
		if err != nil && !hub.IsConflict(err) {
			return previewOut{}, fmt.Errorf("make %s: %w", preview, err)
		}
	}
	for entry, err := range rt.Hub.Tree(ctx, preview, "") {
		if err != nil {
			return previewOut{}, fmt.Errorf("list %s: %w", preview, err)
		}
		if _, kept := contents[entry.Path]; !kept && entry.Type == "file" {
			contents[entry.Path] = nil
		}
	}
	files, err := pending(ctx, rt.Hub, preview, hub.DefaultRevision, contents)
	if err != nil || len(files) == 0 {
		return out, err
	}
	out.Changed = true
	if rt.DryRun {
		return out, nil
	}
	summary := previewTitle(repo, num) + out.Commit[:min(len(out.Commit), 7)]
	if _, err := rt.Hub.Commit(ctx, preview, hub.CommitInput{Summary: summary, Files: files}); err != nil {
		return previewOut{}, fmt.Errorf("fill %s: %w", preview, movedOn(err))
	}
	return out, nil
}

// wholeTree reads all files of a commit, within the bounds of a preview.
func wholeTree(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, sha string) (map[string][]byte, error) {
	contents, left := map[string][]byte{}, int64(maxPreviewBytes)
	for entry, err := range rt.Hub.Tree(ctx, repo, sha) {
		if err != nil {
			return nil, fmt.Errorf("list %s at %s: %w", repo, sha, err)
		}
		if entry.Type != "file" {
			continue
		}
		if left -= entry.Size; left < 0 || len(contents) == maxPreviewFiles {
			return nil, actions.Permanentf("%s at %s has more than %d files or %d MiB: too much for a preview",
				repo, sha, maxPreviewFiles, maxPreviewBytes>>20)
		}
		body, err := rt.Hub.Download(ctx, repo, sha, entry.Path, 0, -1)
		if err != nil {
			return nil, fmt.Errorf("read %q of %s: %w", entry.Path, repo, err)
		}
		content, err := io.ReadAll(io.LimitReader(body, entry.Size+1))
		if closed := body.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, fmt.Errorf("read %q of %s: %w", entry.Path, repo, err)
		}
		contents[entry.Path] = append([]byte{}, content...)
	}
	return contents, nil
}
