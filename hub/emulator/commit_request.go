package emulator

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// commitRequest is the body of a commit call.
type commitRequest struct {
	summary, description string
	parent               string
	changes              []change
}

// Bounds of one commit. A line has room for the largest regular file in base64, or with every byte escaped once.
const (
	maxChanges    = 25_000
	maxCommitLine = 2*maxRegularFile + 1<<20
	maxCommit     = 512 << 20 // bytes of the request
)

var errCommitTooLarge = errors.New("the commit is too large; upload large files by LFS")

type commitHeader struct {
	Summary      string `json:"summary"`
	Description  string `json:"description"`
	ParentCommit string `json:"parentCommit"`
}

// commitFile is the value of every record that is not the header; which fields count depends on the record's key.
type commitFile struct {
	Path     string  `json:"path"`
	Content  *string `json:"content"`
	Encoding string  `json:"encoding"`
	OldPath  string  `json:"oldPath"`
	Algo     string  `json:"algo"`
	OID      string  `json:"oid"`
	Size     *int64  `json:"size"`
}

// parseCommitLines reads a commit in the form of one JSON object per line: a header first, then one record per change.
func parseCommitLines(body io.Reader) (*commitRequest, error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxCommitLine)
	var request *commitRequest
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var line struct {
			Key   string          `json:"key"`
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("the commit is not one JSON object per line: %w", err)
		}
		if (request == nil) != (line.Key == "header") {
			return nil, errors.New("a commit begins with its only header")
		}
		if request == nil {
			request = &commitRequest{}
			if err := request.setHeader(line.Value); err != nil {
				return nil, err
			}
			continue
		}
		if err := request.add(line.Key, line.Value); err != nil {
			return nil, err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%w: a line has more than %d MiB", errCommitTooLarge, maxCommitLine>>20)
	case err != nil:
		return nil, fmt.Errorf("the commit is not one JSON object per line: %w", err)
	case request == nil:
		return nil, errors.New("the commit has no header")
	}
	return request, nil
}

// parseCommitDocument reads a commit in its older form, one JSON document.
func parseCommitDocument(body io.Reader) (*commitRequest, error) {
	var document struct {
		commitHeader
		Files          []json.RawMessage `json:"files"`
		LFSFiles       []json.RawMessage `json:"lfsFiles"`
		DeletedEntries []json.RawMessage `json:"deletedEntries"`
	}
	if err := json.NewDecoder(body).Decode(&document); err != nil {
		return nil, fmt.Errorf("the commit is not JSON: %w", err)
	}
	request := &commitRequest{}
	if err := request.takeHeader(document.commitHeader); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		key    string
		values []json.RawMessage
	}{{"file", document.Files}, {"lfsFile", document.LFSFiles}, {"deletedEntry", document.DeletedEntries}} {
		for _, value := range part.values {
			if err := request.add(part.key, value); err != nil {
				return nil, err
			}
		}
	}
	return request, nil
}

func (r *commitRequest) setHeader(value json.RawMessage) error {
	var header commitHeader
	if err := json.Unmarshal(value, &header); err != nil {
		return fmt.Errorf("the commit's header: %w", err)
	}
	return r.takeHeader(header)
}

func (r *commitRequest) takeHeader(header commitHeader) error {
	if header.Summary == "" {
		return errors.New("the commit needs a summary")
	}
	r.summary, r.description, r.parent = header.Summary, header.Description, header.ParentCommit
	return nil
}

// message is the commit's text in git.
func (r *commitRequest) message() string {
	if r.description == "" {
		return r.summary
	}
	return r.summary + "\n\n" + r.description
}

func (r *commitRequest) add(key string, value json.RawMessage) error {
	if len(r.changes) >= maxChanges {
		return fmt.Errorf("the commit has more than %d changes", maxChanges)
	}
	var file commitFile
	if err := json.Unmarshal(value, &file); err != nil {
		return fmt.Errorf("the commit's record %q: %w", key, err)
	}
	each, err := file.change(key)
	if err != nil {
		return err
	}
	r.changes = append(r.changes, each)
	return nil
}

func (f commitFile) change(key string) (change, error) {
	each := change{path: f.Path, from: f.OldPath}
	var err error
	switch key {
	case "file":
		each.content, err = f.content()
	case "lfsFile":
		each.lfs, err = f.pointer()
	case "deletedFolder":
		each.remove = removeFolder
	case "deletedFile", "deletedEntry": // the Hub takes a folder for either
		each.remove = removeEntry
	default:
		err = fmt.Errorf("the commit has an unknown record %q", key)
	}
	return each, err
}

func (f commitFile) content() ([]byte, error) {
	switch {
	case f.Content == nil && f.OldPath != "":
		return nil, nil
	case f.Content == nil:
		return nil, fmt.Errorf("the file %q has no content", f.Path)
	case f.Encoding == "" || f.Encoding == "utf-8":
		return []byte(*f.Content), nil
	case f.Encoding != "base64":
		return nil, fmt.Errorf("the file %q has the unknown encoding %q", f.Path, f.Encoding)
	}
	content, err := base64.StdEncoding.DecodeString(*f.Content)
	if err != nil {
		return nil, fmt.Errorf("the content of %q: %w", f.Path, err)
	}
	return content, nil
}

func (f commitFile) pointer() (*pointer, error) {
	if !lfsOID.MatchString(f.OID) || (f.Algo != "" && f.Algo != "sha256") {
		return nil, fmt.Errorf("the LFS file %q needs a SHA-256 of 64 hex digits as its oid", f.Path)
	}
	p := &pointer{oid: f.OID, size: -1}
	if f.Size != nil {
		p.size = *f.Size
	}
	return p, nil
}
