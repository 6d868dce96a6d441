package emulator

import (
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// pushRequest is the list of ref changes that a push begins with (https://git-scm.com/docs/pack-protocol).
type pushRequest struct {
	commands []pushCommand
	atomic   bool
	report   bool
	sideband bool
}

// pushCommand moves one ref. A zero old creates it, a zero new deletes it.
type pushCommand struct {
	ref      string
	old, new plumbing.Hash
}

// maxPushCommands bounds the refs of one push.
const maxPushCommands = 1000

// parsePush reads the commands and leaves body at the pack. No commands at all is how clients find out whether their
// credentials are good before they send a large push.
func parsePush(body io.Reader) (*pushRequest, error) {
	request := &pushRequest{}
	lines := pktline.NewScanner(body)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			return request, nil
		}
		text, capabilities, first := strings.Cut(string(lines.Bytes()), "\x00")
		if first && len(request.commands) == 0 {
			request.takeCapabilities(capabilities)
		}
		if err := request.addCommand(strings.TrimSuffix(text, "\n")); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", errProtocol, err)
	}
	return nil, fmt.Errorf("%w: the list of commands does not end", errProtocol)
}

func (p *pushRequest) takeCapabilities(list string) {
	for name := range strings.FieldsSeq(list) {
		switch name {
		case "report-status":
			p.report = true
		case "side-band-64k":
			p.sideband = true
		case "atomic":
			p.atomic = true
		}
	}
}

func (p *pushRequest) addCommand(line string) error {
	if strings.HasPrefix(line, "shallow ") {
		return nil // a push from a shallow clone: what it leaves out has to be here already, which is checked anyway
	}
	fields := strings.SplitN(line, " ", 3)
	if len(fields) != 3 {
		return fmt.Errorf("%w: %.60q is no command", errProtocol, line)
	}
	var ids []plumbing.Hash
	for _, id := range fields[:2] {
		if err := addHash(&ids, id); err != nil {
			return err
		}
	}
	command := pushCommand{ref: fields[2], old: ids[0], new: ids[1]}
	for _, other := range p.commands {
		if other.ref == command.ref {
			return fmt.Errorf("%w: two commands for %.100q", errProtocol, command.ref)
		}
	}
	if len(p.commands) >= maxPushCommands {
		return fmt.Errorf("%w: more than %d refs in one push", errProtocol, maxPushCommands)
	}
	p.commands = append(p.commands, command)
	return nil
}

// needsPack tells whether a pack follows the commands: not when all of them delete.
func (p *pushRequest) needsPack() bool {
	for _, command := range p.commands {
		if !command.new.IsZero() {
			return true
		}
	}
	return false
}
