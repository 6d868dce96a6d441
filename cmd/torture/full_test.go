//go:build unix

package torture_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// smallDisk is the variable that names the disk of [TestDiskFull] to the process that has it.
const smallDisk = "HFBOT_TEST_SMALL_DISK"

// TestDiskFull fills the disk of a bot under load, with one step under way, and makes room again, several times.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := os.Getenv(smallDisk)
	if disk == "" {
		onSmallDisk(t)
		return
	}
	ctx := t.Context()
	s := newScene(ctx, t, "sqlite:"+filepath.Join(disk, "bot.db"), 0)
	bot := newProcess(t, "the bot", s.rules, s.database, s.endpoint)
	bot.env = append(bot.env, "TMPDIR="+disk) // as on a machine that has but one
	if err := bot.start(ctx); err != nil {
		t.Fatal(err)
	}
	s.instances = append(s.instances, bot)
	never := make(chan struct{})
	s.counter.holdFirst("/before/1", never)
	loading, enough := context.WithCancel(ctx)
	defer enough()
	wait := s.load(loading, 3)
	for _, full := range []struct {
		file int // bytes of each file that fills it
		long func()
	}{
		{file: 64 << 10, long: func() { // so that the lease of the run under way ends
			s.awaitRefusals(ctx, 20)
			if ready := bot.ready(ctx); ready != http.StatusServiceUnavailable {
				t.Errorf("on a full disk /readyz answers %d, want 503", ready)
			}
			s.await(ctx, "the end of the step under way", func() bool { return s.counter.brokenOff("/before/1") == 1 })
		}},
		{file: 64 << 10, long: func() { s.awaitRefusals(ctx, 20) }},
		{file: 0, long: func() { bot.awaitLine(ctx, "the step waits for room on the disk") }}, // the database needs no more files
	} {
		s.awaitAccepted(ctx, 10)
		room := fill(t, disk, full.file)
		full.long()
		room()
	}
	s.awaitCalls(ctx, "before", 1, 2)
	s.awaitAccepted(ctx, 10)
	if ready := bot.ready(ctx); ready != http.StatusOK {
		t.Errorf("with room again /readyz answers %d, want 200", ready)
	}
	enough()
	wait()
	s.settle(ctx)
	s.verify(ctx, 0)
	t.Logf("%d tries of deliveries were refused by 503 while the disk was full", s.refused.Load())
}

// onSmallDisk runs the test in a process that alone sees a small file system mounted, which goes with it.
func onSmallDisk(t *testing.T) {
	t.Helper()
	disk := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := slices.Concat(mountsAllowed(), []string{
		"sh", "-euc", `mount -t tmpfs -o size=8m,nr_inodes=400,mode=1777 small "$1"; export ` + smallDisk + `="$1" ` + binaryVar + `="$2"; shift 2; exec "$@"`,
		"sh", disk, binaryPath, self, "-test.run", "^" + t.Name() + "$", "-test.v", "-test.timeout", "8m",
	})
	out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
	if ended := new(exec.ExitError); errors.As(err, &ended) && len(out) > 0 {
		t.Fatalf("on a disk of its own: %v; if it could not be mounted, run the tests where `unshare --mount` or, without "+
			"root, `unshare --map-root-user --mount` works, as .ci/image needs too (a container with CAP_SYS_ADMIN)\n%s", err, out)
	}
	if err != nil {
		t.Fatalf("run %s (of util-linux): %v", args[0], err)
	}
	t.Logf("%s", out)
}

// mountsAllowed begins a command that may mount what nobody else sees: as root, as root by sudo, or in a user namespace.
func mountsAllowed() []string {
	switch {
	case os.Getuid() == 0:
		return []string{"unshare", "--mount"}
	case exec.Command("sudo", "-n", "true").Run() == nil:
		return []string{"sudo", "-n", "unshare", "--mount"}
	}
	return []string{"unshare", "--map-root-user", "--mount"}
}

// fill makes files of a size on a disk until no more has room; what is written to the last ones is cut off. What it returns
// makes room again.
func fill(t *testing.T, disk string, size int) (room func()) {
	t.Helper()
	dir, err := os.MkdirTemp(disk, "ballast-")
	if err != nil {
		t.Fatal(err)
	}
	var f *os.File
	for err == nil {
		if f, err = os.CreateTemp(dir, ""); err == nil {
			_, _ = f.Write(make([]byte, size))
			err = f.Close()
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	return func() {
		t.Helper()
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// await waits until something has happened.
func (s *scene) await(ctx context.Context, what string, happened func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !happened() {
		select {
		case <-ctx.Done():
			s.t.Fatalf("waited too long for %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// awaitAccepted waits until so many more deliveries were accepted.
func (s *scene) awaitAccepted(ctx context.Context, more int) {
	s.t.Helper()
	now := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.accepted)
	}
	before := now()
	s.await(ctx, "deliveries to be accepted", func() bool { return now() >= before+more })
}

// awaitRefusals waits until so many more tries were refused by 503.
func (s *scene) awaitRefusals(ctx context.Context, more int64) {
	s.t.Helper()
	before := s.refused.Load()
	s.await(ctx, "deliveries to be refused", func() bool { return s.refused.Load() >= before+more })
}
