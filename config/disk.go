package config

import (
	"os"
	"path/filepath"
	"strings"
)

// OnRootDisk tells whether a path lies on the machine's root file system instead of a mounted one. In a container that is
// the disk that is gone with it. Where it cannot be told, it says no.
func OnRootDisk(path string) bool {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return false
	}
	if path, err = filepath.Abs(path); err != nil {
		return false
	}
	return mountPoint(string(mounts), path) == "/"
}

// mountPoint is the mounted folder that a path lies in. Mounts are lines of "device folder type …", with spaces in names
// written as \040 (man 5 fstab).
func mountPoint(mounts, path string) string {
	best := ""
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		folder := strings.ReplaceAll(fields[1], `\040`, " ")
		inside := path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
		if inside && len(folder) >= len(best) {
			best = folder
		}
	}
	return best
}
