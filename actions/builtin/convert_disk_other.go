//go:build !linux

package builtin

import "math"

// freeSpace is taken for endless where it is not known how to ask.
func freeSpace(string) (int64, error) { return math.MaxInt64, nil }
