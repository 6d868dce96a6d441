package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// killRules are the three of the main job: convert, welcome, trigger CI.
const killRules = `version: 1
rules:
  - id: auto-convert
    on: repo.content.update
    paths: {any: ["**/*.bin"]}
    once_per: [repo.id, sha]
    steps:
      - {id: convert, uses: model.convert, with: {to: safetensors}}
      - uses: hub.comment
        with: {discussion: "${{ steps.convert.outputs.pull_request }}", body: "Converted."}
  - id: welcome
    on: discussion.create
    if: discussion.isPullRequest
    steps:
      - {uses: hub.comment, with: {key: welcome, body: "Welcome!"}}
  - id: ci
    on: repo.content.update
    steps:
      - uses: ci.github
        with: {api_url: "CI", repository: acme/ci, workflow: test.yml, ref: main, inputs: {sha: "${{ sha }}"}}
        secrets: {token: GITHUB_TOKEN}
`

// TestKilledBot kills a serving bot with SIGKILL as soon as it has accepted a delivery, starts it again on the same
// database, and reads back from the Hub and the CI that everything happened once.
func TestKilledBot(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ci := newCI(t)
	accepted := make(chan int, 100)
	server := startHub(ctx, t, func(d emulator.Delivery) { accepted <- d.Status })
	b := newProcess(t, server.URL(), ci.server.URL)
	b.start(ctx)
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/killed"}
	prepare(ctx, t, server, repo, b.address)

	pr := act(ctx, t, server, repo)
	for status := range accepted {
		if status == http.StatusAccepted {
			break
		}
	}
	b.kill()
	b.start(ctx)

	b.waitForRuns(ctx, 3)
	if err := server.Idle(ctx); err != nil {
		t.Fatal(err)
	}
	b.waitForRuns(ctx, 3)
	checkOnce(ctx, t, server.Client("demo"), repo, pr)
	if calls := ci.count(); calls != 1 {
		t.Errorf("%d CI calls, want 1", calls)
	}
}

// checkOnce reads back that there is one conversion with one comment, and one welcome.
func checkOnce(ctx context.Context, t *testing.T, user *hub.Client, repo hub.RepoRef, pr int) {
	t.Helper()
	var byBot []int
	for d, err := range user.Discussions(ctx, repo, hub.DiscussionFilter{Author: "hfbot"}) {
		if err != nil {
			t.Fatal(err)
		}
		byBot = append(byBot, d.Num)
	}
	if len(byBot) != 1 {
		t.Fatalf("pull requests by the bot: %v, want one", byBot)
	}
	for num, text := range map[int]string{byBot[0]: "Converted.", pr: "Welcome!"} {
		d, err := user.Discussion(ctx, repo, num)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, e := range d.Events {
			if e.Type == "comment" && e.Author == "hfbot" && strings.HasPrefix(e.Content, text) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("discussion %d: %d comments %q, want 1", num, found, text)
		}
	}
}

// act pushes a checkpoint by git and opens a pull request as the user; it returns the pull request's number.
func act(ctx context.Context, t *testing.T, server *emulator.Server, repo hub.RepoRef) int {
	t.Helper()
	weights, err := os.ReadFile(filepath.Join("..", "demo", "pytorch_model.bin"))
	if err != nil {
		t.Fatal(err)
	}
	user := server.Client("demo")
	sha, err := emulator.Push(ctx, emulator.PushInput{
		Remote: user.RepoURL(repo), User: "demo", Token: "hf_demo", Message: "Add weights",
		Files: map[string][]byte{"README.md": []byte("# Killed\n"), "pytorch_model.bin": weights},
	})
	if err != nil {
		t.Fatal(err)
	}
	res, err := user.Commit(ctx, repo, hub.CommitInput{
		Summary: "Better card", CreatePR: true, ParentCommit: sha,
		Files: []hub.CommitFile{hub.BytesFile("README.md", []byte("# Alive\n"))},
	})
	if err != nil {
		t.Fatal(err)
	}
	return res.PullRequestNum
}

func startHub(ctx context.Context, t *testing.T, seen func(emulator.Delivery)) *emulator.Server {
	t.Helper()
	server, err := emulator.New(emulator.Options{
		OnDelivery: seen, Deliveries: emulator.DeliveryPolicy{Retry: []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(ctx, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// prepare makes the repository and the bot's webhook on it.
func prepare(ctx context.Context, t *testing.T, server *emulator.Server, repo hub.RepoRef, address string) {
	t.Helper()
	if err := server.Client("demo").CreateRepo(ctx, repo, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := server.Client("hfbot").CreateWebhook(ctx, hub.WebhookInput{
		URL: "http://" + address + "/webhook", Secret: "s3cret", Domains: []string{"repo", "discussion"},
		Watched: []hub.Watched{{Type: "model", Name: repo.Name}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fakeCI counts workflow_dispatch calls.
type fakeCI struct {
	server *httptest.Server
	mu     sync.Mutex
	calls  int
}

func newCI(t *testing.T) *fakeCI {
	t.Helper()
	ci := new(fakeCI)
	ci.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		ci.mu.Lock()
		ci.calls++
		ci.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(ci.server.Close)
	return ci
}

func (ci *fakeCI) count() int {
	ci.mu.Lock()
	defer ci.mu.Unlock()
	return ci.calls
}

// process is `hfbot serve` in a process of its own.
type process struct {
	t       *testing.T
	address string
	args    []string
	env     []string
	cmd     *exec.Cmd
	log     *bytes.Buffer
}

func newProcess(t *testing.T, endpoint, ci string) *process {
	t.Helper()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(strings.ReplaceAll(killRules, `"CI"`, `"`+ci+`"`)), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, address: address, log: new(bytes.Buffer)}
	p.args = []string{"serve", "--rules", rules, "--listen", address, "--database", "sqlite:" + filepath.Join(dir, "bot.db")}
	p.env = []string{
		"HF_ENDPOINT=" + endpoint, "HF_TOKEN=hf_hfbot", "WEBHOOK_SECRET=s3cret", "GITHUB_TOKEN=gh", "PATH=/nowhere",
		"TMPDIR=" + dir, "HOME=" + dir,
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the bot's log:\n%s", p.log)
		}
	})
	return p
}

// start starts the bot and waits until it listens.
func (p *process) start(ctx context.Context) {
	p.t.Helper()
	p.cmd = exec.CommandContext(ctx, binary(p.t), p.args...)
	p.cmd.Env, p.cmd.Stderr, p.cmd.Stdout = p.env, p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.poll(ctx, "the bot to listen", func() bool {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.address)
		return err == nil && conn.Close() == nil
	})
}

// kill ends the process without a chance to tidy up.
func (p *process) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // reports the kill
		p.cmd = nil
	}
}

// waitForRuns waits until n runs have ended, and fails unless all succeeded.
func (p *process) waitForRuns(ctx context.Context, n int) {
	p.t.Helper()
	var runs []struct{ Rule, State, Error string }
	p.poll(ctx, fmt.Sprintf("%d runs to end", n), func() bool {
		runs = p.runs(ctx)
		for _, r := range runs {
			if r.State == "queued" || r.State == "waiting" || r.State == "running" {
				return false
			}
		}
		return len(runs) >= n
	})
	for _, r := range runs {
		if r.State != "succeeded" {
			p.t.Errorf("run of %s: %s %s", r.Rule, r.State, r.Error)
		}
	}
	if len(runs) != n {
		p.t.Errorf("%d runs, want %d: %+v", len(runs), n, runs)
	}
}

func (p *process) runs(ctx context.Context) []struct{ Rule, State, Error string } {
	p.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/api/v1/runs", http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var page struct {
		Runs []struct{ Rule, State, Error string }
	}
	if err := json.NewDecoder(res.Body).Decode(&page); err != nil {
		p.t.Fatal(err)
	}
	return page.Runs
}

// poll asks every 20 ms until done or the context ends: another process can only be asked.
func (p *process) poll(ctx context.Context, what string, done func() bool) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			p.t.Fatalf("waited too long for %s", what)
		case <-tick.C:
		}
	}
}

// build makes the binary once for all tests that start processes.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hfbot-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "hfbot")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, err
})

func binary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
