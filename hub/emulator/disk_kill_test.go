package emulator

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// killedHub is set for the process that is to be killed: its data folder.
const killedHub = "HFBOT_TEST_KILLED_HUB"

// TestServeUntilKilled is the server that TestKilledHub kills; by itself it does nothing.
func TestServeUntilKilled(t *testing.T) {
	dir := os.Getenv(killedHub)
	if dir == "" {
		return
	}
	l := startLocal(t, Options{Data: dir})
	fmt.Fprintln(os.Stdout, "URL "+l.URL())
	<-t.Context().Done() // never: it is killed, or go test ends it
	select {}
}

// startKillable runs a local Hub in a process of its own.
func startKillable(t *testing.T, dir string) (url string, kill func()) {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServeUntilKilled$")
	process.Env = append(os.Environ(), killedHub+"="+dir)
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = process.Process.Kill() // SIGKILL
		_ = process.Wait()
	})
	t.Cleanup(kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "URL "); ok {
			return url, kill
		}
	}
	t.Fatal("the server did not start")
	return "", nil
}

// remote talks to a local Hub in another process.
func remote(t *testing.T, url string) local {
	return local{&Server{opts: Options{BaseURL: url}}, t}
}

// TestKilledHub kills a Hub while clients write to it. Whatever it answered with success is there afterwards, and the
// repositories are sound.
func TestKilledHub(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	url, kill := startKillable(t, dir)
	l := remote(t, url)
	got := startReceiver(t, nil)
	l.watch("ann", got.URL)
	api := l.makeRepo("model", "m", "")
	l.call("ann", "POST", api+"/discussions", `{"title":"A talk","description":"text"}`, 200)

	const enough = 60 // writes before the kill
	var done atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	written := make([][]string, 4)
	for i := range written {
		writers.Go(func() { written[i] = writeUntil(ctx, l, api, i, &done) })
	}
	git, pushed := newGitUser(t), ""
	git.run("", "clone", "-q", l.remote("ann", "/ann/m"), "pusher")
	var pushes atomic.Int64
	writers.Go(func() { pushed = pushUntil(ctx, git, &pushes) })
	waitFor(t, "writes", func() bool { return done.Load() >= enough && pushes.Load() > 1 })
	kill()
	stop()
	writers.Wait()

	after := startLocal(t, Options{Data: dir})
	text := fmt.Sprint(after.call("ann", "GET", api+"/tree/main?recursive=true", "", 200).body,
		after.call("ann", "GET", api+"/discussions/1", "", 200).body)
	total := 0
	for _, names := range written {
		total += len(names)
		for _, name := range names {
			if !strings.Contains(text, name) {
				t.Errorf("%s was answered with success and is lost", name)
			}
		}
	}
	if total < enough {
		t.Errorf("only %d writes before the kill", total)
	}
	git.run("", "clone", "-q", after.URL()+"/ann/m", "clone")
	git.run("clone", "fsck", "--full", "--strict")
	git.run("clone", "merge-base", "--is-ancestor", pushed, "origin/pushed") // what the last push answered is there
	after.commit("ann", api, "main", "", "after.txt", "alive")
	comments := func() int {
		n := 0
		for _, one := range after.settle(got) {
			if one.event() == "discussion.comment create" {
				n++
			}
		}
		return n
	}
	if n := comments(); n == 0 {
		t.Error("no comment was delivered")
	}
}

// writeUntil commits and comments in turn until the Hub is gone. It returns what was answered with success.
func writeUntil(ctx context.Context, l local, api string, writer int, done *atomic.Int64) (names []string) {
	for n := 0; ctx.Err() == nil; n++ {
		name := fmt.Sprintf("write-%d-%d-x", writer, n)
		method, path, body := "POST", api+"/discussions/1/comment", fmt.Sprintf(`{"comment":%q}`, name)
		if n%2 == 0 {
			path = api + "/commit/main"
			body = fmt.Sprintf(`{"key":"header","value":{"summary":"w"}}`+"\n"+
				`{"key":"file","value":{"path":"files/%s","content":"text %d"}}`, name, n)
		}
		answer, err := l.do("ann", method, path, body)
		if err != nil {
			return names
		}
		if answer.status == http.StatusOK || answer.status == http.StatusCreated {
			names = append(names, name)
			done.Add(1)
		}
	}
	return names
}

// pushUntil pushes one commit after the other until the Hub is gone. It returns the last that was taken.
func pushUntil(ctx context.Context, git gitUser, done *atomic.Int64) (pushed string) {
	for ctx.Err() == nil {
		head, err := git.try("pusher", "commit", "-q", "--allow-empty", "-m", "more")
		if err == nil {
			head, err = git.try("pusher", "rev-parse", "HEAD")
		}
		if err == nil {
			_, err = git.try("pusher", "push", "-q", "origin", "HEAD:pushed")
		}
		if err != nil {
			return pushed
		}
		pushed = head
		done.Add(1)
	}
	return pushed
}

// waitFor waits until something holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("no %s within a minute", what)
		}
	}
}
