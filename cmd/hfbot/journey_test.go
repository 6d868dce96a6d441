package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// TestJourney goes the whole way with the real program and a local Hub: a folder, its Space, an event and its effect, an
// update, a webhook that the Hub suspended while the bot was away, and a new secret while events come in.
func TestJourney(t *testing.T) {
	t.Parallel()
	j := newJourney(t)
	j.hfbot("", "init", "my-bot", "--template", "welcome")
	stop := j.playSpace()

	first := j.hfbot("my-bot", "deploy", journeySpace, "--space-token", "hf_hfbot")
	for _, want := range []string{
		"make the Space demo/my-bot", "set the secret HF_TOKEN", "add the file rules.yaml", "the Space is RUNNING",
		"answered 202", "welcome-discussion: not_matched", "Space    ", "webhook  ",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("the first deploy does not say %q:\n%s", want, first)
		}
	}
	j.answered(j.discuss("Before the update"), "Thank you for writing")

	rules := filepath.Join(j.dir, "my-bot", "rules.yaml")
	text, err := os.ReadFile(rules)
	j.must(err)
	j.must(os.WriteFile(rules, bytes.ReplaceAll(text, []byte("Thank you for writing"), []byte("We thank you for writing")), 0o600))
	if changes := j.deploy(); !slices.Equal(changes, []string{"change the file rules.yaml"}) {
		t.Errorf("the update changed %q, want the rules only", changes)
	}
	j.answered(j.discuss("After the update"), "We thank you")
	if changes := j.deploy(); len(changes) > 0 {
		t.Errorf("without a change there was changed %q", changes)
	}

	stop()
	missed := j.discuss("While the bot is away")
	j.until("the Hub suspends the webhook", func() bool { return j.webhook().Disabled == hub.WebhookSuspended })
	j.playSpace()
	j.answered(missed, "We thank you")
	if state := j.webhook().Disabled; state != "" {
		t.Errorf("the webhook is %q", state)
	}

	j.rotate()
}

// journeySpace is where the bot goes.
const journeySpace = "demo/my-bot"

// journey is a local Hub, a folder and a person at a shell.
type journey struct {
	t       *testing.T
	ctx     context.Context
	hub     *emulator.Server
	repo    hub.RepoRef
	dir     string
	address string // where the Space is served
	asUser  *hub.Client
	played  atomic.Value // the state of the Space that its bot was last started with, once it listens
}

func newJourney(t *testing.T) *journey {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	j := &journey{
		t: t, ctx: ctx, dir: t.TempDir(), address: listener.Addr().String(), repo: hub.RepoRef{Type: hub.Model, Name: "demo/tiny"},
	}
	j.must(listener.Close())
	j.hub, err = emulator.New(emulator.Options{
		SpaceHost: func(string) string { return j.address },
		Deliveries: emulator.DeliveryPolicy{SuspendAfter: 1, Retry: []time.Duration{
			100 * time.Millisecond, 300 * time.Millisecond, 600 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second,
		}},
	})
	j.must(err)
	j.must(j.hub.Start(ctx, "127.0.0.1:0"))
	t.Cleanup(func() { j.must(j.hub.Close()) })
	j.must(j.user().CreateRepo(ctx, j.repo, hub.CreateRepoOptions{}))
	return j
}

// user is always the same client: each has connections of its own, and until asks often.
func (j *journey) user() *hub.Client {
	if j.asUser == nil {
		j.asUser = j.hub.Client("demo")
	}
	return j.asUser
}

func (j *journey) must(err error) {
	j.t.Helper()
	if err != nil {
		j.t.Fatal(err)
	}
}

// until asks again and again: other processes can only be asked.
func (j *journey) until(what string, done func() bool) {
	j.t.Helper()
	for tick := time.Tick(50 * time.Millisecond); !done(); {
		select {
		case <-j.ctx.Done():
			j.t.Fatalf("waited too long until %s", what)
		case <-tick:
		}
	}
}

// hfbot runs a command in a folder as the user and returns what it printed.
func (j *journey) hfbot(folder string, args ...string) string {
	j.t.Helper()
	cmd := exec.CommandContext(j.ctx, binary(j.t), args...)
	cmd.Dir = filepath.Join(j.dir, folder)
	cmd.Env = []string{"HF_ENDPOINT=" + j.hub.URL(), "HF_TOKEN=hf_demo", "HFBOT_ADMIN_TOKEN=open", "HOME=" + j.dir, "PATH=/nowhere"}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		j.t.Fatalf("hfbot %q: %v\n%s%s", args, err, &out, &said)
	}
	return out.String()
}

// deploy brings the Space up to date and tells what changed.
func (j *journey) deploy(more ...string) []string {
	j.t.Helper()
	out := j.hfbot("my-bot", append([]string{"deploy", journeySpace, "--space-token", "hf_hfbot", "--json"}, more...)...)
	var result struct {
		Changes []string
		Test    struct{ Status int }
	}
	j.must(json.Unmarshal([]byte(out), &result))
	if result.Test.Status != http.StatusAccepted {
		j.t.Errorf("the first delivery was answered %d", result.Test.Status)
	}
	j.until("the Space runs what was deployed", func() bool { // playSpace may be behind, as the Hub is not
		now, _, _ := j.space(j.ctx)
		return now == j.played.Load()
	})
	return result.Changes
}

// discuss opens a discussion and returns its number.
func (j *journey) discuss(title string) int {
	j.t.Helper()
	made, err := j.user().CreateDiscussion(j.ctx, j.repo, hub.CreateDiscussionInput{Title: title, Description: "Hello"})
	j.must(err)
	return made.Num
}

// answered waits for the bot's comment on a discussion, and wants only one.
func (j *journey) answered(num int, begin string) {
	j.t.Helper()
	j.until(fmt.Sprintf("discussion %d is answered", num), func() bool {
		found := 0
		d, err := j.user().Discussion(j.ctx, j.repo, num)
		j.must(err)
		for _, e := range d.Events {
			if e.Author == "hfbot" && strings.HasPrefix(e.Content, begin) {
				found++
			}
		}
		if found > 1 {
			j.t.Errorf("discussion %d is answered %d times", num, found)
		}
		return found > 0
	})
}

// webhook is the bot's only one.
func (j *journey) webhook() hub.Webhook {
	j.t.Helper()
	all, err := j.hub.Client("hfbot").Webhooks(j.ctx)
	j.must(err)
	if len(all) != 1 {
		j.t.Fatalf("%d webhooks: %+v", len(all), all)
	}
	return all[0]
}

// rotate gives the webhook a new secret while people write. Everything arrives by the webhook, and is answered.
func (j *journey) rotate() {
	j.t.Helper()
	done, rotated := make(chan struct{}), make(chan []string, 1)
	go func() {
		defer close(done)
		rotated <- j.deploy("--rotate-secret")
	}()
	var nums []int
	for tick := time.Tick(100 * time.Millisecond); ; {
		nums = append(nums, j.discuss(fmt.Sprintf("Number %d during the rotation", len(nums))))
		select {
		case <-tick:
			continue
		case <-done:
		}
		break
	}
	nums = append(nums, j.discuss("After the rotation"))
	if changes := <-rotated; len(changes) != 1 || !strings.Contains(changes[0], "HFBOT_SECRET_GENERATION to 1") {
		j.t.Errorf("the rotation changed %q", changes)
	}
	for _, num := range nums {
		j.answered(num, "We thank you")
	}
	j.must(j.hub.Idle(j.ctx))
	if state := j.webhook().Disabled; state != "" {
		j.t.Errorf("the webhook is %q after the rotation", state)
	}
	if told := j.told(); told < len(nums) {
		j.t.Errorf("%d discussions were told by the webhook, want at least %d", told, len(nums))
	}
}

// told counts the discussions that the webhook has told of.
func (j *journey) told() (count int) {
	j.t.Helper()
	for before := ""; ; {
		req, err := http.NewRequestWithContext(j.ctx, http.MethodGet, "http://"+j.address+"/api/v1/deliveries?before="+before, http.NoBody)
		j.must(err)
		req.Header.Set("Authorization", "Bearer open")
		resp, err := http.DefaultClient.Do(req)
		j.must(err)
		var page struct {
			Deliveries []struct{ Source, Scope, Action string }
			Next       string
		}
		j.must(json.NewDecoder(resp.Body).Decode(&page))
		j.must(resp.Body.Close())
		for _, d := range page.Deliveries {
			if d.Source == "webhook" && d.Scope == "discussion" && d.Action == "create" {
				count++
			}
		}
		if before = page.Next; before == "" {
			return count
		}
	}
}

// playSpace runs the bot in the place of the Hub whenever the Space has other files or settings, as a container would be
// started: with its secrets and variables, and what the Dockerfile sets. Its disk outlives it, as a mounted one does.
func (j *journey) playSpace() (stop func()) {
	ctx, cancel := context.WithCancel(j.ctx)
	var playing sync.WaitGroup
	playing.Go(func() {
		var bot *exec.Cmd
		var log bytes.Buffer
		defer func() {
			endBot(bot)
			if j.t.Failed() {
				j.t.Logf("the log of the Space:\n%s", &log)
			}
		}()
		last := ""
		for tick := time.Tick(20 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick:
			}
			now, files, env := j.space(ctx)
			if now == last || files["Dockerfile"] == nil {
				continue
			}
			last = now
			j.hub.SetFaults(emulator.Faults{SpaceStage: "BUILDING"})
			endBot(bot)
			bot = j.startBot(files, env, &log)
			j.hub.SetFaults(emulator.Faults{})
			j.played.Store(now)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); playing.Wait() })
	j.t.Cleanup(stop)
	return stop
}

// space is what a container is made of, and a text that tells one state from another.
func (j *journey) space(ctx context.Context) (state string, files map[string][]byte, env []string) {
	ref := hub.RepoRef{Type: hub.Space, Name: journeySpace}
	info, err := j.user().RepoInfo(ctx, ref, "")
	if err != nil {
		return "", nil, nil // not there yet, or the test is over
	}
	if env, err = j.hub.SpaceEnvironment(journeySpace); err != nil {
		j.t.Error(err)
	}
	files = map[string][]byte{}
	for entry, err := range j.user().Tree(ctx, ref, info.SHA) {
		if err != nil || entry.Type != "file" {
			continue
		}
		if body, err := j.user().Download(ctx, ref, info.SHA, entry.Path, 0, -1); err == nil {
			files[entry.Path], _ = io.ReadAll(body)
			_ = body.Close()
		}
	}
	return info.SHA + strings.Join(env, "\n"), files, env
}

// startBot starts the program as the Dockerfile says and waits until it listens.
func (j *journey) startBot(files map[string][]byte, env []string, log io.Writer) *exec.Cmd {
	app, err := os.MkdirTemp(j.dir, "app-")
	if err != nil {
		j.t.Error(err)
		return nil
	}
	for _, name := range []string{"rules.yaml", "hfbot.yaml"} {
		if err := os.WriteFile(filepath.Join(app, name), files[name], 0o600); err != nil {
			j.t.Error(err)
		}
	}
	bot := exec.Command(binary(j.t), "serve")
	bot.Dir, bot.Stdout, bot.Stderr = app, log, log
	bot.Env = append(slices.Clone(env), "HF_ENDPOINT="+j.hub.URL(), "SPACE_ID="+journeySpace, "SPACE_HOST="+j.address,
		"HFBOT_LISTEN="+j.address, "HFBOT_DATABASE=sqlite:"+filepath.Join(j.dir, "disk", "hfbot.db"))
	if err := bot.Start(); err != nil {
		j.t.Error(err)
		return nil
	}
	j.until("the bot of the Space listens", func() bool {
		conn, err := new(net.Dialer).DialContext(j.ctx, "tcp", j.address)
		return err == nil && conn.Close() == nil
	})
	return bot
}

// endBot ends a container as the Hub does.
func endBot(bot *exec.Cmd) {
	if bot != nil {
		_ = bot.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		_ = bot.Wait()                          // its log tells
	}
}
