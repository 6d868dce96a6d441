package store

import "time"

// SetSlow sets how long Accept waits for its group.
func SetSlow(s *Store, d time.Duration) { s.slow = d }
