package emulator

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Kinds of packets without content, as their length tells them apart (https://git-scm.com/docs/gitprotocol-v2).
const (
	pktFlush = 0
	pktDelim = 1
	pktData  = 4
)

// pktReader reads packets, those of protocol version 2 as well, which go-git's scanner does not know.
type pktReader struct{ from io.Reader }

// next gives the next packet; io.EOF at the end.
func (p pktReader) next() (kind int, content string, err error) {
	var head [4]byte
	if _, err := io.ReadFull(p.from, head[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: half a packet", errProtocol)
		}
		return 0, "", err
	}
	length, err := strconv.ParseUint(string(head[:]), 16, 16)
	switch {
	case err != nil || length > 65520 || length == 2 || length == 3:
		return 0, "", fmt.Errorf("%w: a packet of the length %q", errProtocol, head)
	case length < pktData:
		return int(length), "", nil
	}
	raw := make([]byte, length-pktData)
	if _, err := io.ReadFull(p.from, raw); err != nil {
		return 0, "", fmt.Errorf("%w: half a packet", errProtocol)
	}
	if n := len(raw); n > 0 && raw[n-1] == '\n' {
		raw = raw[:n-1]
	}
	return pktData, string(raw), nil
}
