package main_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// TestRulesWithoutTheHub starts a bot whose rules are on a Hub that is away: without a copy of them it serves a page that
// says so and starts once the Hub is there; with the copy of the last time it starts by that, says so, and takes what is
// newer when the Hub is back.
func TestRulesWithoutTheHub(t *testing.T) {
	t.Parallel()
	a := &awayTest{t: t, data: t.TempDir(), dir: t.TempDir(), hubAddress: freeAddress(t), botAddress: freeAddress(t)}
	stop := a.startBot()
	a.until("/", "The Hub does not answer, and the rules are there.")
	a.until("/healthz", "ok")
	if text := a.get("/readyz"); !strings.Contains(text, "not set up") {
		t.Errorf("it takes itself for ready: %s", text)
	}
	a.withHub(func() {
		a.push("first")
		a.until("/api/v1/rules", `"first"`)
	})
	stop()

	stop = a.startBot()
	a.until("/api/v1/rules", `"first"`)
	a.until("/readyz", "the last good rules stay in force")
	a.until("/rules", " stays in force, as kept at ")
	a.withHub(func() {
		a.push("second")
		a.until("/api/v1/rules", `"second"`)
		a.until("/readyz", `"rules":"ok"`)

		a.push("third: wrong")
		stop()
		stop = a.startBot()
		a.until("/api/v1/rules", `"second"`)
		a.until("/readyz", "the last good rules stay in force")
	})
	stop()
}

// awayTest is a bot and a Hub at addresses that stay, each on or off.
type awayTest struct {
	t                      *testing.T
	data, dir              string
	hubAddress, botAddress string
	hub                    *emulator.Server
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nothing came in
	return listener.Addr().String()
}

// withHub does something while the Hub is there.
func (a *awayTest) withHub(do func()) {
	a.t.Helper()
	server, err := emulator.New(emulator.Options{Data: a.data})
	if err == nil {
		err = server.Start(a.t.Context(), a.hubAddress)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	a.hub = server
	defer func() {
		if err := server.Close(); err != nil {
			a.t.Error(err)
		}
	}()
	do()
}

// push puts one rule of that id into the dataset.
func (a *awayTest) push(id string) {
	a.t.Helper()
	rules := hub.RepoRef{Type: hub.Dataset, Name: "demo/rules"}
	user := a.hub.Client("demo")
	if err := user.CreateRepo(a.t.Context(), rules, hub.CreateRepoOptions{}); err != nil && !hub.IsConflict(err) {
		a.t.Fatal(err)
	}
	text := "version: 1\nrules:\n  - id: " + id + "\n    on: discussion.create\n    steps: [{uses: hub.comment, with: {body: Hello}}]\n"
	_, err := user.Commit(a.t.Context(), rules, hub.CommitInput{
		Summary: "Rules", Files: []hub.CommitFile{hub.BytesFile("rules.yaml", []byte(text))},
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// startBot returns what stops it.
func (a *awayTest) startBot() func() {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), binary(a.t), "serve", "--rules", "hf://datasets/demo/rules/rules.yaml",
		"--listen", a.botAddress)
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = a.dir, &said, &said
	cmd.Env = []string{"HF_ENDPOINT=http://" + a.hubAddress, "HF_TOKEN=hf_hfbot", "WEBHOOK_SECRET=hush", "HOME=" + a.dir}
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			a.t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			a.t.Errorf("the bot ended by %v", err)
		}
		a.t.Logf("the bot said\n%s", &said)
	})
	a.t.Cleanup(stop)
	return stop
}

// get is what the bot answers, empty when it does not.
func (a *awayTest) get(path string) string {
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, "http://"+a.botAddress+path, http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return ""
	}
	return string(text)
}

// until asks until the answer holds a text.
func (a *awayTest) until(path, text string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), time.Minute)
	defer cancel()
	for tick := time.Tick(50 * time.Millisecond); ; {
		got := a.get(path)
		if strings.Contains(got, text) {
			return
		}
		select {
		case <-ctx.Done():
			a.t.Fatalf("%s never said %q; at last:\n%s", path, text, got)
		case <-tick:
		}
	}
}
