package emulator

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// fetchRequest is what a git client asks of upload-pack in protocol version 0
// (https://git-scm.com/docs/pack-protocol).
type fetchRequest struct {
	wants, haves []plumbing.Hash
	shallows     map[plumbing.Hash]bool // commits whose parents the client lacks
	depth        int                    // 0: all
	blobLimit    int64                  // leave out blobs larger than this; -1: none
	sideband     bool
	done         bool // send the pack
	negotiates   bool // something follows the wants
}

// errProtocol tells that a request is not what git clients send.
var errProtocol = errors.New("git protocol error")

const maxWants = 100_000 // and haves, and shallow commits

// parseFetch reads a request to its end.
func parseFetch(body io.Reader) (*fetchRequest, error) {
	request := &fetchRequest{shallows: map[plumbing.Hash]bool{}, blobLimit: -1}
	lines := pktline.NewScanner(body)
	for lines.Scan() {
		line := strings.TrimSuffix(string(lines.Bytes()), "\n")
		if line == "" { // a flush ends the wants
			return request, request.parseHaves(lines)
		}
		if err := request.parseWant(line); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", errProtocol, err)
	}
	return request, nil
}

func (f *fetchRequest) parseWant(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	var err error
	switch verb {
	case "want":
		id, capabilities, _ := strings.Cut(rest, " ")
		for name := range strings.FieldsSeq(capabilities) {
			f.sideband = f.sideband || name == "side-band-64k"
		}
		err = addHash(&f.wants, id)
	case "shallow":
		var one []plumbing.Hash
		if err = addHash(&one, rest); err == nil && len(f.shallows) < maxWants {
			f.shallows[one[0]] = true
		}
	case "deepen":
		f.depth, err = strconv.Atoi(rest)
		if f.depth < 0 {
			err = errProtocol
		}
	case "filter":
		f.blobLimit, err = parseFilter(rest)
	default:
		err = fmt.Errorf("%w: %.60q is not supported", errProtocol, line)
	}
	return err
}

// parseHaves reads what the client has, until it says done or waits for an answer.
func (f *fetchRequest) parseHaves(lines *pktline.Scanner) error {
	for lines.Scan() {
		f.negotiates = true
		line := strings.TrimSuffix(string(lines.Bytes()), "\n")
		id, isHave := strings.CutPrefix(line, "have ")
		switch {
		case isHave:
			if err := addHash(&f.haves, id); err != nil {
				return err
			}
		case line == "done":
			f.done = true
			return nil
		case line != "":
			return fmt.Errorf("%w: %.60q is not a have", errProtocol, line)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %w", errProtocol, err)
	}
	return nil
}

func addHash(list *[]plumbing.Hash, id string) error {
	if !plumbing.IsHash(id) || len(id) != 40 {
		return fmt.Errorf("%w: %.60q is not an object id", errProtocol, id)
	}
	if len(*list) >= maxWants {
		return fmt.Errorf("%w: too many objects", errProtocol)
	}
	*list = append(*list, plumbing.NewHash(id))
	return nil
}

// parseFilter reads the two filters that partial clones use: blob:none and blob:limit=N with an optional k, m or g.
func parseFilter(spec string) (limit int64, err error) {
	if spec == "blob:none" {
		return 0, nil
	}
	digits, ok := strings.CutPrefix(spec, "blob:limit=")
	if !ok {
		return 0, fmt.Errorf("%w: the filter %.60q is not supported", errProtocol, spec)
	}
	shift := 0
	if last := len(digits) - 1; last > 0 {
		if shift = strings.IndexByte("_kmg", digits[last]|0x20) * 10; shift > 0 {
			digits = digits[:last]
		}
	}
	limit, err = strconv.ParseInt(digits, 10, 32)
	if err != nil || limit < 0 {
		return 0, fmt.Errorf("%w: the filter %.60q has no size", errProtocol, spec)
	}
	return limit << max(shift, 0), nil
}
