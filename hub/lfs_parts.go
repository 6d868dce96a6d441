package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// partURL is where one part of a large file goes.
type partURL struct {
	number int
	url    string
}

// uploadParts uploads a file part by part and has the store put them together. What was sent in an upload of the same
// content that broke off is not sent again, as long as the store still knows that upload.
func (c *Client) uploadParts(ctx context.Context, repo RepoRef, upload lfsUpload, action *lfsAction) error {
	key := repo.String() + " " + upload.oid
	if earlier := c.unfinished.take(key); earlier != nil && earlier.fits(upload.file.Size) {
		err := c.sendParts(ctx, upload, earlier, key)
		if err == nil {
			return nil
		}
		if !isStale(err) {
			c.unfinished.keep(key, earlier)
			return err
		}
	}
	chunk, parts, err := partURLs(action.Header, upload.file.Size)
	if err != nil {
		return err
	}
	fresh := &partsUpload{c.ownAddress(action.Href), chunk, parts, map[int]string{}, time.Now()}
	if err := c.sendParts(ctx, upload, fresh, key); err != nil {
		c.unfinished.keep(key, fresh)
		return err
	}
	return nil
}

// fits tells whether the parts are those of a file of the size.
func (p *partsUpload) fits(size int64) bool { return int64(len(p.parts)) == (size-1)/p.chunk+1 }

// sendParts sends the parts that are missing and completes the upload.
func (c *Client) sendParts(ctx context.Context, upload lfsUpload, state *partsUpload, key string) error {
	type donePart struct {
		Number int    `json:"partNumber"`
		ETag   string `json:"etag"`
	}
	var done []donePart
	for i, part := range state.parts {
		if state.etags[part.number] == "" {
			offset := int64(i) * state.chunk
			etag, err := c.put(ctx, part.url, upload, offset, min(state.chunk, upload.file.Size-offset))
			if err != nil {
				return fmt.Errorf("part %d of %d: %w", part.number, len(state.parts), err)
			}
			if etag == "" {
				return fmt.Errorf("part %d of %d: the store's answer has no ETag", part.number, len(state.parts))
			}
			state.etags[part.number] = etag
			c.unfinished.save(key, state)
		}
		done = append(done, donePart{part.number, state.etags[part.number]})
	}
	in := struct {
		OID   string     `json:"oid"`
		Parts []donePart `json:"parts"`
	}{upload.oid, done}
	if err := c.postLFS(ctx, state.complete, true, in, nil); err != nil {
		return err
	}
	c.unfinished.forget(key)
	return nil
}

// partURLs reads the header of a multipart upload: chunk_size, and an address under the number of each part.
func partURLs(header map[string]json.RawMessage, size int64) (int64, []partURL, error) {
	chunk, err := strconv.ParseInt(headerText(header["chunk_size"]), 10, 64)
	if err != nil || chunk <= 0 {
		return 0, nil, errors.New("the store's chunk_size is no positive number")
	}
	var parts []partURL
	for name, value := range header {
		if number, err := strconv.Atoi(name); err == nil && strings.Trim(name, "0123456789") == "" {
			parts = append(parts, partURL{number, headerText(value)})
		}
	}
	slices.SortFunc(parts, func(a, b partURL) int { return a.number - b.number })
	want := (size-1)/chunk + 1
	if int64(len(parts)) != want {
		return 0, nil, fmt.Errorf("the store gives %d addresses for %d parts", len(parts), want)
	}
	return chunk, parts, nil
}

// headerText is a header's value, which may be text or a number.
func headerText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
