package hub

import (
	"context"
	"fmt"
	"net/url"
)

// maxPreupload is how many files the Hub takes in one question.
const maxPreupload = 100

// uploadMode is how the Hub wants a file's content.
type uploadMode string

const (
	modeRegular uploadMode = "regular" // in the commit
	modeLFS     uploadMode = "lfs"     // before it, to the LFS store
	modeIgnore  uploadMode = "ignore"  // not at all, .gitignore names it
)

type wirePreupload struct {
	Files []wirePreuploadFile `json:"files"`
}

type wirePreuploadFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Sample []byte `json:"sample"` // base64 in JSON
}

// preupload asks how each file is to be uploaded.
//
// POST /api/{type}s/{name}/preupload/{rev}
func (c *Client) preupload(ctx context.Context, repo RepoRef, in CommitInput) (map[string]uploadMode, error) {
	modes := map[string]uploadMode{}
	var batch wirePreupload
	for _, file := range in.Files {
		if file.Delete || file.isMove() {
			continue
		}
		if file.Stored {
			modes[file.Path] = modeLFS
			continue
		}
		sample, err := file.sample()
		if err != nil {
			return nil, err
		}
		batch.Files = append(batch.Files, wirePreuploadFile{file.Path, file.Size, sample})
		if len(batch.Files) == maxPreupload {
			if err := c.askModes(ctx, repo, in, batch, modes); err != nil {
				return nil, err
			}
			batch.Files = nil
		}
	}
	if len(batch.Files) == 0 {
		return modes, nil
	}
	return modes, c.askModes(ctx, repo, in, batch, modes)
}

// askModes asks for one batch and adds the answer to modes.
func (c *Client) askModes(
	ctx context.Context, repo RepoRef, in CommitInput, batch wirePreupload, modes map[string]uploadMode,
) error {
	request, err := c.post(repo.APIPath()+"/preupload/"+escapeRevision(in.Revision), batch)
	if err != nil {
		return err
	}
	request.idempotent, request.query = true, in.query()
	var out struct {
		Files []struct {
			Path   string     `json:"path"`
			Mode   uploadMode `json:"uploadMode"`
			Ignore bool       `json:"shouldIgnore"`
		} `json:"files"`
	}
	if _, err := c.json(ctx, request, &out); err != nil {
		return err
	}
	for _, file := range out.Files {
		modes[file.Path] = file.Mode
		if file.Ignore {
			modes[file.Path] = modeIgnore
		}
	}
	for _, file := range batch.Files {
		mode := modes[file.Path]
		if file.Size == 0 && mode == modeLFS {
			modes[file.Path] = modeRegular // there is no LFS object without content
		} else if mode != modeRegular && mode != modeLFS && mode != modeIgnore {
			return fmt.Errorf("hub: commit to %s: the Hub wants %s uploaded in an unknown way, %q", repo, file.Path,
				shorten(string(mode), 40))
		}
	}
	return nil
}

// query is what the calls of a commit share.
func (in CommitInput) query() url.Values {
	if in.CreatePR {
		return url.Values{"create_pr": {"1"}}
	}
	return nil
}
