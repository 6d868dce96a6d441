package actions

import (
	"errors"
	"io"
	"sync"
)

// Shared holds what the steps of one bot have in common, such as a cache, until the bot ends. The zero value is empty.
type Shared struct {
	mu     sync.Mutex
	things map[string]io.Closer
}

// Get returns the thing of a name, which open makes for the first that asks. Actions that share it agree on the
// name.
func (s *Shared) Get(name string, open func() io.Closer) io.Closer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.things == nil {
		s.things = map[string]io.Closer{}
	}
	thing, found := s.things[name]
	if !found {
		thing = open()
		s.things[name] = thing
	}
	return thing
}

// Close closes all things and forgets them, once no step uses them any more.
func (s *Shared) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, thing := range s.things {
		errs = append(errs, thing.Close())
	}
	s.things = nil
	return errors.Join(errs...)
}
