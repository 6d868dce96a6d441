package emulator

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// fetchRequest is what a git client asks of upload-pack (https://git-scm.com/docs/gitprotocol-pack and, for version 2,
// https://git-scm.com/docs/gitprotocol-v2).
type fetchRequest struct {
	wants, haves []plumbing.Hash
	shallows     map[plumbing.Hash]bool // commits whose parents the client lacks
	depth        int                    // 0: all
	relative     bool                   // depth counts from where the client's history ends
	since        time.Time              // leave out commits older than this
	without      []string               // leave out what these refs reach
	filter       objectFilter
	sideband     bool
	done         bool // send the pack
	negotiates   bool // something follows the wants
}

// errProtocol tells that a request is not what git clients send.
var errProtocol = errors.New("git protocol error")

const maxWants = 100_000 // and haves, and shallow commits

// parseFetch reads a request to its end.
func parseFetch(body io.Reader) (*fetchRequest, error) {
	request := &fetchRequest{shallows: map[plumbing.Hash]bool{}, filter: noFilter}
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
			f.relative = f.relative || name == "deepen-relative"
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
	case "deepen-since":
		var seconds int64
		seconds, err = strconv.ParseInt(rest, 10, 64)
		f.since = time.Unix(seconds, 0)
	case "deepen-not":
		f.without = append(f.without, rest)
	case "filter":
		err = f.filter.add(rest)
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

// deepens tells whether the client wants its history to end elsewhere than it does.
func (f *fetchRequest) deepens() bool { return f.depth > 0 || !f.since.IsZero() || len(f.without) > 0 }
