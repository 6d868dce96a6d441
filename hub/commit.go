package hub

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
)

// CommitInput is a commit to be made.
type CommitInput struct {
	Revision     string // branch or refs/pr/N; empty: main
	Summary      string
	Description  string
	ParentCommit string // 40 hex; the commit fails with 412 when the branch moved on, see IsOutdated
	CreatePR     bool   // propose the changes in a new pull request, open at once
	Files        []CommitFile
	Progress     func(UploadProgress) // told of uploads to the LFS store, often; may be nil
}

func (in CommitInput) revision() string {
	if in.Revision == "" {
		return DefaultRevision
	}
	return in.Revision
}

// CommitResult is a commit that was made.
type CommitResult struct {
	OID            string
	URL            string
	PullRequestNum int // 0 without
	PullRequestURL string
	Ignored        []string // paths that were left out because the repository's .gitignore names them
}

// pullRequestURL is the address of a pull request.
var pullRequestURL = regexp.MustCompile(`/discussions/(\d{1,9})$`)

// Commit writes files in one commit, uploading large ones by LFS first (the Hub decides which), on a branch or as a new
// pull request. Uploads are repeated until they are done, and the next commit of a content whose upload broke off sends
// the missing parts only. The commit itself is not repeated when the Hub may have made it and only its answer be lost,
// see [AmbiguousError].
//
// POST /api/{type}s/{name}/commit/{rev}
func (c *Client) Commit(ctx context.Context, repo RepoRef, in CommitInput) (*CommitResult, error) {
	if c.readOnly {
		return nil, ErrReadOnly
	}
	modes, err := c.preupload(ctx, repo, in)
	if err != nil {
		return nil, err
	}
	uploads := map[string]lfsUpload{}
	var inOrder []lfsUpload
	result := &CommitResult{}
	for _, file := range in.Files {
		switch {
		case file.Delete, file.isMove():
		case modes[file.Path] == modeIgnore:
			result.Ignored = append(result.Ignored, file.Path)
		case modes[file.Path] == modeLFS:
			oid, err := file.hash(ctx)
			if err != nil {
				return nil, err
			}
			uploads[file.Path] = lfsUpload{file, oid, in.Progress}
			if !file.Stored {
				inOrder = append(inOrder, uploads[file.Path])
			}
		}
	}
	if err := c.uploadLFS(ctx, repo, in, inOrder); err != nil {
		return nil, err
	}
	writeLines := func(w io.Writer) error { return writeCommit(ctx, w, in, modes, uploads) }
	if err := c.sendCommit(ctx, repo, in, writeLines, result); err != nil {
		return nil, err
	}
	return result, nil
}

// sendCommit makes the call that makes the commit.
func (c *Client) sendCommit(
	ctx context.Context, repo RepoRef, in CommitInput, write func(io.Writer) error, result *CommitResult,
) error {
	request := call{
		method: http.MethodPost, url: c.url(repo.APIPath() + "/commit/" + escapeRevision(in.Revision)),
		query: in.query(), contentType: "application/x-ndjson", write: true, size: -1,
		body: func() (io.ReadCloser, error) { return pipe(write), nil },
	}
	var out struct {
		OID string `json:"commitOid"`
		URL string `json:"commitUrl"`
		PR  string `json:"pullRequestUrl"`
	}
	if _, err := c.json(ctx, request, &out); err != nil {
		return err
	}
	result.OID, result.URL, result.PullRequestURL = out.OID, out.URL, out.PR
	if found := pullRequestURL.FindStringSubmatch(out.PR); found != nil {
		result.PullRequestNum, _ = strconv.Atoi(found[1])
	}
	c.wrote(ctx, Write{Kind: WriteCommit, Repo: repo, ID: out.OID, Num: result.PullRequestNum})
	if result.PullRequestNum > 0 {
		c.wroteThread(ctx, WritePullRequest, repo, result.PullRequestNum, true)
	}
	return nil
}

// pipe makes a body of what a function writes, so that a commit is never in memory as a whole.
func pipe(write func(io.Writer) error) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		buffered := bufio.NewWriterSize(w, 64<<10)
		err := write(buffered)
		if err == nil {
			err = buffered.Flush()
		}
		w.CloseWithError(err)
	}()
	return r
}

// commitLine is one line of a commit's body.
type commitLine struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

type commitHeader struct {
	Summary      string `json:"summary"`
	Description  string `json:"description"`
	ParentCommit string `json:"parentCommit,omitempty"`
}

type commitPath struct {
	Path    string `json:"path"`
	OldPath string `json:"oldPath,omitempty"`
}

type commitLFS struct {
	Path string `json:"path"`
	Algo string `json:"algo"`
	OID  string `json:"oid"`
	Size int64  `json:"size"`

	OldPath string `json:"oldPath,omitempty"`
}

// writeCommit writes a commit's body: a JSON object on each line, the header first.
func writeCommit(
	ctx context.Context, w io.Writer, in CommitInput, modes map[string]uploadMode, uploads map[string]lfsUpload,
) error {
	lines := json.NewEncoder(w)
	header := commitHeader{in.Summary, in.Description, in.ParentCommit}
	if err := lines.Encode(commitLine{"header", header}); err != nil {
		return err
	}
	for _, file := range in.Files {
		var err error
		switch upload, isLFS := uploads[file.Path]; {
		case file.Delete:
			err = lines.Encode(commitLine{file.deletion(), commitPath{Path: file.Path}})
		case file.isMove():
			err = lines.Encode(commitLine{"file", commitPath{file.Path, file.OldPath}})
		case isLFS:
			err = lines.Encode(commitLine{"lfsFile", commitLFS{file.Path, "sha256", upload.oid, upload.file.Size, file.OldPath}})
		case modes[file.Path] == modeRegular:
			err = writeRegular(ctx, w, file)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeRegular writes the line of a file whose content is in the commit, without holding the content in memory.
func writeRegular(ctx context.Context, w io.Writer, file CommitFile) error {
	paths, err := json.Marshal(commitPath{file.Path, file.OldPath})
	if err != nil {
		return fmt.Errorf("hub: commit of %s: %w", file.Path, err)
	}
	paths = bytes.TrimSuffix(paths, []byte("}"))
	if _, err := fmt.Fprintf(w, `{"key":"file","value":%s,"encoding":"base64","content":"`, paths); err != nil {
		return err
	}
	encoder := base64.NewEncoder(base64.StdEncoding, w)
	if err := file.copyTo(ctx, encoder); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\"}}\n")
	return err
}
