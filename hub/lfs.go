package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	lfsType     = "application/vnd.git-lfs+json"
	maxLFSBatch = 100
)

// lfsUpload is a file whose content goes to the LFS store.
type lfsUpload struct {
	file     CommitFile
	oid      string               // SHA-256 as hex
	progress func(UploadProgress) // may be nil
}

type lfsObject struct {
	OID  string `json:"oid"`
	Size int64  `json:"size"`
}

// lfsAction is a call that the LFS store wants made. The values of its header are text or numbers.
type lfsAction struct {
	Href   string                     `json:"href"`
	Header map[string]json.RawMessage `json:"header"`
}

type lfsAnswer struct {
	lfsObject
	Actions struct {
		Upload *lfsAction `json:"upload"`
		Verify *lfsAction `json:"verify"`
	} `json:"actions"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// uploadLFS uploads contents that the store does not have yet.
func (c *Client) uploadLFS(ctx context.Context, repo RepoRef, in CommitInput, uploads []lfsUpload) error {
	for start := 0; start < len(uploads); start += maxLFSBatch {
		batch := uploads[start:min(start+maxLFSBatch, len(uploads))]
		answers, err := c.lfsBatch(ctx, repo, in, batch)
		if err != nil {
			return err
		}
		done := map[string]bool{}
		for _, upload := range batch {
			if done[upload.oid] {
				continue
			}
			answer, ok := answers[upload.oid]
			if !ok {
				return fmt.Errorf("hub: upload %s: the LFS store did not answer for it", upload.file.Path)
			}
			if err := c.uploadObject(ctx, repo, upload, answer); err != nil {
				return fmt.Errorf("hub: upload %s: %w", upload.file.Path, err)
			}
			done[upload.oid] = true
		}
	}
	return nil
}

// lfsBatch asks where to upload.
//
// POST /{repo}.git/info/lfs/objects/batch
func (c *Client) lfsBatch(
	ctx context.Context, repo RepoRef, in CommitInput, uploads []lfsUpload,
) (map[string]lfsAnswer, error) {
	body := struct {
		Operation string            `json:"operation"`
		Transfers []string          `json:"transfers"`
		Objects   []lfsObject       `json:"objects"`
		HashAlgo  string            `json:"hash_algo"`
		Ref       map[string]string `json:"ref,omitempty"`
	}{Operation: "upload", Transfers: []string{"basic", "multipart"}, HashAlgo: "sha256"}
	if !in.CreatePR { // those who may only read may open pull requests, but not upload for a branch
		body.Ref = map[string]string{"name": in.revision()}
	}
	for _, upload := range uploads {
		body.Objects = append(body.Objects, lfsObject{upload.oid, upload.file.Size})
	}
	var out struct {
		Objects []lfsAnswer `json:"objects"`
	}
	if err := c.postLFS(ctx, c.url(repo.WebPath()+".git/info/lfs/objects/batch"), false, body, &out); err != nil {
		return nil, err
	}
	answers := make(map[string]lfsAnswer, len(out.Objects))
	for _, answer := range out.Objects {
		answers[answer.OID] = answer
	}
	return answers, nil
}

// postLFS posts to the LFS store. All its calls may be repeated.
func (c *Client) postLFS(ctx context.Context, address string, anonymous bool, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("hub: encode the request: %w", err)
	}
	r := call{
		method: http.MethodPost, url: address, accept: lfsType, idempotent: true, write: true, anonymous: anonymous,
	}
	_, err = c.json(ctx, r.with(lfsType, body), out)
	return err
}

// uploadObject uploads one content in the way that the store wants.
func (c *Client) uploadObject(ctx context.Context, repo RepoRef, upload lfsUpload, answer lfsAnswer) error {
	if answer.Error != nil {
		return fmt.Errorf("the LFS store refuses it: %d %s", answer.Error.Code, c.scrub(shorten(answer.Error.Message, 500)))
	}
	action := answer.Actions.Upload
	if action == nil {
		return nil // stored already
	}
	var err error
	if _, multipart := action.Header["chunk_size"]; multipart {
		err = c.uploadParts(ctx, repo, upload, action)
	} else {
		_, err = c.put(ctx, c.ownAddress(action.Href), upload, 0, upload.file.Size)
	}
	if err != nil || answer.Actions.Verify == nil {
		return err
	}
	in := lfsObject{upload.oid, upload.file.Size}
	return c.postLFS(ctx, c.ownAddress(answer.Actions.Verify.Href), false, in, nil)
}

// ownAddress moves an address of the public Hub to the client's endpoint, as the Hub's own clients do for mirrors.
func (c *Client) ownAddress(href string) string {
	if rest, ok := strings.CutPrefix(href, DefaultEndpoint+"/"); ok {
		return c.url("/" + rest)
	}
	return href
}

// put uploads a part of a file to an address that carries its own permission. It returns the store's name for it.
func (c *Client) put(
	ctx context.Context, address string, upload lfsUpload, offset, size int64,
) (etag string, err error) {
	resp, err := c.open(ctx, call{
		method: http.MethodPut, url: address, size: size, idempotent: true, write: true, anonymous: true,
		body: func() (io.ReadCloser, error) {
			content, err := upload.file.open(offset)
			if err != nil {
				return nil, err
			}
			return limitedBody{upload.watch(io.LimitReader(content, size), offset), content}, nil
		},
	})
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	return resp.Header.Get("ETag"), nil
}
