//go:build !linux

package convert

import "os"

// reserve does nothing where there is no common way.
func reserve(*os.File, int64) error { return nil }
