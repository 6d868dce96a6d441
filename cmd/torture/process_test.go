//go:build unix

package torture_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// patience bounds each wait for another process. A machine that is busy with other tests may be slow.
const patience = 2 * time.Minute

// binaryPath is hfbot, built once for all tests; binaryVar names it to a test that runs itself in another process.
var binaryPath = os.Getenv(binaryVar)

const binaryVar = "HFBOT_TEST_BINARY"

func TestMain(m *testing.M) {
	if binaryPath != "" {
		m.Run()
		return
	}
	dir, err := os.MkdirTemp("", "hfbot-torture-")
	if err == nil {
		binaryPath = filepath.Join(dir, "hfbot")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", binaryPath, "../hfbot").CombinedOutput(); err != nil {
			err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	pgtest.Main(m)
}

// process is `hfbot serve` in a process of its own, which can be killed and started again.
type process struct {
	t    *testing.T
	name string
	args []string
	env  []string

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
	url   string // where it listens; another one after each start
	log   []string
}

// newProcess describes an instance on a database; start starts it.
func newProcess(t *testing.T, name, rules, database, endpoint string) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{t: t, name: name}
	p.args = []string{
		"serve", "--rules", rules, "--listen", "127.0.0.1:0", "--database", database, "--log-format", "json",
		"--lease", "6s",
	}
	p.env = []string{
		"HF_ENDPOINT=" + endpoint, "HF_TOKEN=hf_hfbot", "WEBHOOK_SECRET=s3cret", "PATH=/nowhere", "TMPDIR=" + dir, "HOME=" + dir,
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Logf("the end of the log of %s:\n%s", name, strings.Join(p.log, ""))
		}
	})
	return p
}

// start starts the bot and waits until it is ready.
func (p *process) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.Command(binaryPath, p.args...) // kill ends it
	cmd.Env, cmd.SysProcAttr = p.env, &syscall.SysProcAttr{Setpgid: true}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ready, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		p.read(stderr, ready)
		_ = cmd.Wait() // kills are no errors
	}()
	p.mu.Lock()
	p.cmd, p.ended, p.url = cmd, ended, ""
	p.mu.Unlock()
	select {
	case url := <-ready:
		p.mu.Lock()
		p.url = url
		p.mu.Unlock()
		return nil
	case <-ended:
		return errors.New(p.name + " ended at once")
	case <-ctx.Done():
		return fmt.Errorf("%s is not ready: %w", p.name, ctx.Err())
	}
}

// read keeps the end of the log and tells when the bot is ready.
func (p *process) read(log io.Reader, ready chan<- string) {
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadString('\n')
		var entry struct{ Msg, Webhook string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "ready" {
			ready <- entry.Webhook
		}
		p.mu.Lock()
		p.log = append(p.log, line)
		if len(p.log) > 150 {
			p.log = slices.Delete(p.log, 0, 50)
		}
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// awaitLine waits for a line of the log.
func (p *process) awaitLine(ctx context.Context, text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !p.logged(text) {
		select {
		case <-ctx.Done():
			p.t.Fatalf("%s did not log %q", p.name, text)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *process) logged(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.log, func(line string) bool { return strings.Contains(line, text) })
}

// signal sends a signal to the process and its children.
func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = syscall.Kill(-p.cmd.Process.Pid, s)
	}
}

// kill ends the process without a chance to tidy up.
func (p *process) kill() { p.end(syscall.SIGKILL) }

// stop lets the process finish what it is doing.
func (p *process) stop() { p.end(syscall.SIGTERM) }

func (p *process) end(s syscall.Signal) {
	p.mu.Lock()
	cmd, ended := p.cmd, p.ended
	p.cmd, p.url = nil, ""
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = syscall.Kill(-cmd.Process.Pid, s)
	select {
	case <-ended:
	case <-time.After(patience):
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		p.t.Errorf("%s did not end by %s", p.name, s)
		<-ended
	}
}

// address is the webhook's URL; "" while the bot is not ready.
func (p *process) address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url
}

// client does not wait for a process that was killed.
var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// get asks an instance for a path; nil when it does not answer.
func (p *process) get(ctx context.Context, path string) *http.Response {
	base := strings.TrimSuffix(p.address(), "/webhook")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, http.NoBody)
	if err != nil {
		return nil
	}
	res, err := client.Do(req)
	if err != nil {
		return nil
	}
	return res
}

// ready is what /readyz answers; 0 when nothing comes.
func (p *process) ready(ctx context.Context) int {
	res := p.get(ctx, "/readyz")
	if res == nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// count asks an instance how many runs or deliveries are in a state; -1 when it does not answer.
func (p *process) count(ctx context.Context, what, state string) int {
	res := p.get(ctx, "/api/v1/"+what+"?state="+state)
	if res == nil {
		return -1
	}
	defer func() { _ = res.Body.Close() }()
	var page struct{ Runs, Deliveries []struct{} }
	if res.StatusCode != http.StatusOK || json.NewDecoder(res.Body).Decode(&page) != nil {
		return -1
	}
	return len(page.Runs) + len(page.Deliveries)
}
