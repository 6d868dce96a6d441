package main_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// TestJobs does without a server: hfbot deploy --job makes a webhook that starts a Job for each event, the local Hub runs
// the Job as a process, and hfbot run-once in it does the work with the rules from the dataset.
func TestJobs(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	endpoint := startHubProcess(ctx, t, "--run-jobs")
	run := func(folder string, args ...string) (string, error) {
		t.Helper()
		cmd := exec.CommandContext(ctx, binary(t), args...)
		cmd.Dir, cmd.Env = filepath.Join(dir, folder), []string{"HF_ENDPOINT=" + endpoint, "HF_TOKEN=hf_demo", "HOME=" + dir}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run("", "init", "my-bot", "--template", "welcome"); err != nil {
		t.Fatal(out)
	}
	out, err := run("my-bot", "deploy", "demo/my-bot", "--space-token", "hf_hfbot", "--job")
	if err == nil || !strings.Contains(out, "may not read the private dataset demo/my-bot") {
		t.Errorf("rules that the bot cannot read: %v\n%s", err, out)
	}
	user, bot := client(t, endpoint, "hf_demo"), client(t, endpoint, "hf_hfbot")
	public := false
	rules := hub.RepoRef{Type: hub.Dataset, Name: "demo/my-bot"}
	if err := user.UpdateRepo(ctx, rules, hub.RepoSettings{Private: &public}); err != nil {
		t.Fatal(err)
	}
	if out, err := run("my-bot", "deploy", "demo/my-bot", "--space-token", "hf_hfbot", "--job"); err != nil ||
		strings.Contains(out, "add the file") || !strings.Contains(out, "set the webhook that starts a Job: made, watching user demo") {
		t.Fatalf("going on where it stopped: %v\n%s", err, out)
	}
	if out, err := run("my-bot", "deploy", "demo/my-bot", "--space-token", "hf_hfbot", "--job"); err != nil ||
		!strings.Contains(out, "nothing to change") {
		t.Errorf("without a change: %v\n%s", err, out)
	}

	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	if err := user.CreateRepo(ctx, repo, hub.CreateRepoOptions{}); err != nil {
		t.Fatal(err)
	}
	made, err := user.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{Title: "Hello", Description: "there"})
	if err != nil {
		t.Fatal(err)
	}
	for tick := time.Tick(50 * time.Millisecond); !commented(ctx, t, user, repo, made.Num); {
		select {
		case <-ctx.Done():
			for job, err := range bot.Jobs(context.WithoutCancel(ctx), "hfbot", hub.JobFilter{}) {
				t.Logf("Job %+v, %v", job, err)
			}
			t.Fatal("no Job has answered")
		case <-tick:
		}
	}
}

func commented(ctx context.Context, t *testing.T, user *hub.Client, repo hub.RepoRef, num int) bool {
	t.Helper()
	d, err := user.Discussion(ctx, repo, num)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range d.Events {
		if e.Author == "hfbot" && strings.HasPrefix(e.Content, "Thank you for writing") {
			return true
		}
	}
	return false
}

func client(t *testing.T, endpoint string, token hub.Secret) *hub.Client {
	t.Helper()
	c, err := hub.New(endpoint, token)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// startHubProcess starts hfbot hub, with hfbot itself as the program that Jobs find, and returns its address.
func startHubProcess(ctx context.Context, t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary(t), append([]string{"hub", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = []string{"PATH=" + filepath.Dir(binary(t)), "HOME=" + t.TempDir()}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // the test has seen what it wanted
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), "The local Hub is at "); ok {
			go func() {
				for lines.Scan() { // or its output would block it
				}
			}()
			return address
		}
	}
	t.Fatal("the local Hub did not start")
	return ""
}
