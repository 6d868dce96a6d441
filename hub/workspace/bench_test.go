package workspace_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
	"github.com/hfbot/hfbot/hub/workspace"
)

// The benchmarks stand beside the git CLI on the same repository and server. Time is that of the work: the workspace in
// this process, git as a process, as a program would start it. peak-MB is the most resident memory of a process that does
// the work once, and of its children, in several tries: looking now and then may miss a short peak.

const (
	peakTries = 7

	benchOpen = "HFBOT_BENCH_OPEN" // endpoint, commit and the file to read, for a process of its own
	benchPeak = "HFBOT_BENCH_PEAK" // a command whose memory is measured, as a JSON list
)

// TestBenchProcess is no test, but the processes of which the benchmarks measure the memory, and the one that measures.
func TestBenchProcess(t *testing.T) {
	var args []string
	if list := os.Getenv(benchPeak); list != "" {
		if err := json.Unmarshal([]byte(list), &args); err != nil {
			t.Fatal(err)
		}
		os.Unsetenv(benchPeak)
		fmt.Fprintf(os.Stdout, "\npeak %g\n", watchMemory(t, exec.CommandContext(t.Context(), args[0], args[1:]...)))
	} else if task := strings.Fields(os.Getenv(benchOpen)); len(task) == 3 {
		openOnce(t, task[0], task[1], task[2])
	}
}

// watchMemory runs a command and returns the most resident memory that it and its descendants had together, in MB. It
// looks every few milliseconds and so may miss a short peak. It knows Linux only.
func watchMemory(t *testing.T, child *exec.Cmd) float64 {
	t.Helper()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- child.Wait() }()
	most := 0
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return float64(most*os.Getpagesize()) / 1e6
		case <-time.After(3 * time.Millisecond):
			most = max(most, residentPages(child.Process.Pid))
		}
	}
}

// residentPages adds up the memory of a process and its descendants.
func residentPages(root int) int {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	parent, pages := map[int]int{}, map[int]int{}
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ") // the name of the program may hold blanks
		fields := strings.Fields(rest)
		if len(fields) < 22 {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		parent[pid], _ = strconv.Atoi(fields[1])
		pages[pid], _ = strconv.Atoi(fields[21])
	}
	sum := 0
	for pid := range pages {
		for up := pid; up > 1; up = parent[up] {
			if up == root {
				sum += pages[pid]
				break
			}
		}
	}
	return sum
}

// peak runs a command in another process and returns what watchMemory says of it.
func peak(b *testing.B, dir string, env []string, args ...string) float64 {
	b.Helper()
	list, err := json.Marshal(args)
	if err != nil {
		b.Fatal(err)
	}
	child := exec.CommandContext(b.Context(), os.Args[0], "-test.run", "^TestBenchProcess$")
	child.Dir, child.Env = dir, append(append(os.Environ(), env...), benchPeak+"="+string(list))
	out, err := child.CombinedOutput()
	_, said, found := strings.Cut(string(out), "\npeak ")
	if err != nil || !found {
		b.Fatalf("%v: %s", err, out)
	}
	number, _, _ := strings.Cut(said, "\n")
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		b.Fatal(err)
	}
	return value
}

// openOnce opens the benchmark's repository and reads one file.
func openOnce(t testing.TB, endpoint, sha, path string) {
	t.Helper()
	client, err := hub.New(endpoint, "hf_demo")
	if err != nil {
		t.Fatal(err)
	}
	w, err := workspace.Open(t.Context(), workspace.Options{
		Client: client, Repo: hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}, SHA: sha, Dir: filepath.Join(t.TempDir(), "ws"),
	})
	if err != nil {
		t.Fatal(err)
	}
	file, err := w.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, io.NewSectionReader(file, 0, file.Size())); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// benchWorkspace measures the workspace.
func benchWorkspace(b *testing.B, endpoint, sha, path string) {
	b.Helper()
	for b.Loop() {
		openOnce(b, endpoint, sha, path)
	}
	env := []string{benchOpen + "=" + strings.Join([]string{endpoint, sha, path}, " ")}
	most := 0.0
	for range peakTries {
		most = max(most, peak(b, "", env, os.Args[0], "-test.run", "^TestBenchProcess$"))
	}
	b.ReportMetric(most, "peak-MB")
}

// benchGit measures the git CLI; each run gets an empty folder and makes the calls there.
func benchGit(b *testing.B, env []string, calls ...[]string) {
	b.Helper()
	env = append([]string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "HOME=" + b.TempDir(),
	}, env...)
	for b.Loop() {
		dir := b.TempDir()
		for _, args := range calls {
			git := exec.CommandContext(b.Context(), "git", args...)
			git.Dir, git.Env = dir, append(os.Environ(), env...)
			if out, err := git.CombinedOutput(); err != nil {
				b.Fatalf("git %v: %v: %s", args, err, out)
			}
		}
	}
	most := 0.0
	for range peakTries {
		dir := b.TempDir()
		for _, args := range calls {
			most = max(most, peak(b, dir, env, append([]string{"git"}, args...)...))
		}
	}
	b.ReportMetric(most, "peak-MB")
}

// BenchmarkDepth1 is a repository of 2,000 commits and 200 files at its head.
func BenchmarkDepth1(b *testing.B) {
	root := b.TempDir()
	dir := filepath.Join(root, "demo", "tiny")
	importHistory(b, dir, 2000, 200)
	endpoint := serveGit(b, root)
	sha := head(b, dir)
	b.Run("workspace", func(b *testing.B) { benchWorkspace(b, endpoint, sha, "dir0/file0") })
	b.Run("git", func(b *testing.B) {
		benchGit(b, nil, []string{"init", "-q"},
			[]string{"fetch", "-q", "--depth", "1", endpoint + "/demo/tiny", sha}, []string{"checkout", "-q", "FETCH_HEAD"})
	})
}

// BenchmarkLFS is a repository with ten LFS files of 10 MB of which one is read.
func BenchmarkLFS(b *testing.B) {
	server, err := emulator.New(emulator.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(b.Context(), "127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	sha := uploadLFS(b, server.Client("demo"))
	// Git may fetch in one go what a clone would fetch: a clone has no depth for a commit.
	clone := []string{"clone", "-q", "--depth", "1", strings.Replace(server.URL(), "://", "://demo:hf_demo@", 1) + "/demo/tiny", "."}
	lfs := []string{
		"GIT_CONFIG_COUNT=3", "GIT_CONFIG_KEY_0=filter.lfs.process", "GIT_CONFIG_VALUE_0=git-lfs filter-process",
		"GIT_CONFIG_KEY_1=filter.lfs.required", "GIT_CONFIG_VALUE_1=true",
		"GIT_CONFIG_KEY_2=filter.lfs.smudge", "GIT_CONFIG_VALUE_2=git-lfs smudge -- %f",
	}
	b.Run("workspace", func(b *testing.B) { benchWorkspace(b, server.URL(), sha, "weights3.bin") })
	b.Run("git", func(b *testing.B) { benchGit(b, lfs, clone) })
	b.Run("git-one", func(b *testing.B) {
		benchGit(b, append(lfs, "GIT_LFS_SKIP_SMUDGE=1"), clone, []string{"lfs", "pull", "--include", "weights3.bin"})
	})
}

// uploadLFS commits ten files of random bytes and returns the commit.
func uploadLFS(b *testing.B, client *hub.Client) string {
	b.Helper()
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	if err := client.CreateRepo(b.Context(), repo, hub.CreateRepoOptions{}); err != nil {
		b.Fatal(err)
	}
	source := rand.NewChaCha8([32]byte{1})
	in := hub.CommitInput{Summary: "Weights"}
	for i := range 10 {
		content := make([]byte, 10_000_000)
		if _, err := source.Read(content); err != nil {
			b.Fatal(err)
		}
		file := hub.BytesFile(fmt.Sprintf("weights%d.bin", i), content)
		sum := sha256.Sum256(content)
		file.SHA256 = hex.EncodeToString(sum[:])
		in.Files = append(in.Files, file)
	}
	made, err := client.Commit(b.Context(), repo, in)
	if err != nil {
		b.Fatal(err)
	}
	return made.OID
}

// importHistory makes a bare repository by git fast-import.
func importHistory(b *testing.B, dir string, commits, files int) {
	b.Helper()
	var script strings.Builder
	for i := range commits {
		fmt.Fprintf(&script, "commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0000\ndata 4\nwork\n", 1_700_000_000+i)
		if i == 0 {
			for f := range files {
				text := strings.Repeat(fmt.Sprintf("line of file %d\n", f), 100)
				fmt.Fprintf(&script, "M 644 inline dir%d/file%d\ndata %d\n%s\n", f%10, f, len(text), text)
			}
		}
		text := fmt.Sprintf("commit %d\n", i)
		fmt.Fprintf(&script, "M 644 inline changing\ndata %d\n%s\n", len(text), text)
	}
	for _, args := range [][]string{{"init", "-q", "--bare", "-b", "main", dir}, {"-C", dir, "fast-import", "--quiet"}} {
		git := exec.CommandContext(b.Context(), "git", args...)
		git.Stdin = strings.NewReader(script.String())
		if out, err := git.CombinedOutput(); err != nil {
			b.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
}

func head(b *testing.B, dir string) string {
	b.Helper()
	out, err := exec.CommandContext(b.Context(), "git", "-C", dir, "rev-parse", "refs/heads/main").Output()
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// serveGit serves a folder of repositories by git's own http-backend.
func serveGit(b *testing.B, root string) string {
	b.Helper()
	program, err := exec.LookPath("git")
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(&cgi.Handler{Path: program, Args: []string{"http-backend"}, Env: []string{
		"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + root,
	}, InheritEnv: []string{"GIT_PROTOCOL"}})
	b.Cleanup(server.Close)
	return server.URL
}
