package actions_test

import (
	"errors"
	"io"
	"testing"

	"github.com/hfbot/hfbot/actions"
)

// closer counts how often it was closed.
type closer struct{ closed int }

var errClose = errors.New("not closed well")

func (c *closer) Close() error {
	c.closed++
	return errClose
}

func TestShared(t *testing.T) {
	t.Parallel()
	var s actions.Shared
	made := 0
	fresh := func() io.Closer { made++; return &closer{} }
	one, again, other := s.Get("a one", fresh), s.Get("a one", fresh), s.Get("a other", fresh)
	if one != again || one == other || made != 2 {
		t.Errorf("made %d things: %p, %p, %p", made, one, again, other)
	}
	if err := s.Close(); !errors.Is(err, errClose) {
		t.Errorf("close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close with nothing left: %v", err)
	}
	for _, thing := range []io.Closer{one, other} {
		if n := thing.(*closer).closed; n != 1 {
			t.Errorf("closed %d times", n)
		}
	}
}
