package config

import "testing"

func TestMountPoint(t *testing.T) {
	t.Parallel()
	const mounts = "overlay / overlay rw 0 0\nproc /proc proc rw 0 0\nbucket /data fuse rw 0 0\nx /with\\040space ext4 rw 0 0\nbroken\n"
	for path, want := range map[string]string{
		"/data/hfbot.db":     "/data",
		"/data":              "/data",
		"/database/hfbot.db": "/",
		"/app/data/hfbot.db": "/",
		"/with space/x":      "/with space",
	} {
		if got := mountPoint(mounts, path); got != want {
			t.Errorf("mountPoint(%s) = %q, want %q", path, got, want)
		}
	}
}
