package main_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/spaces"
)

// TestWhatDevPrintsFiresEachRule types into a shell what `hfbot dev` prints for each rule of each template, and sees the
// rule's run succeed. Only what others serve and how long a rule waits are not the template's own.
func TestWhatDevPrintsFiresEachRule(t *testing.T) {
	t.Parallel()
	templates, err := spaces.Templates()
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range templates {
		t.Run(template.Name, func(t *testing.T) {
			t.Parallel()
			lines := startDev(t, template.Name)
			recipes := readRecipes(t, lines)
			if len(recipes) == 0 {
				t.Fatal("no line to type")
			}
			for rule, line := range recipes {
				if out, err := exec.CommandContext(t.Context(), "bash", "-c", line).CombinedOutput(); err != nil || line == "" {
					t.Fatalf("%s: %q\n%v: %s", rule, line, err, out)
				}
				said := awaitLine(t, lines, regexp.MustCompile(`^ +`+regexp.QuoteMeta(rule)+` (succeeded|failed|skipped|cancelled)\b.*`))
				if !strings.Contains(said, rule+" succeeded") {
					t.Errorf("%s\nled to%s", line, said)
				}
			}
		})
	}
}

// startDev runs `hfbot dev` on a template, whose rules call a server of the test, and returns what it says line by line.
func startDev(t *testing.T, template string) <-chan string {
	t.Helper()
	others := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"workflow_run_id":1,"html_url":"https://github.example/1"}`)
	}))
	t.Cleanup(others.Close)
	folder := filepath.Join(t.TempDir(), "bot")
	if out, err := exec.CommandContext(t.Context(), binary(t), "init", folder, "--template", template).CombinedOutput(); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	rules := filepath.Join(folder, "rules.yaml")
	text, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(
		"https://example.org/hooks/hub", others.URL, "          ref: main\n", "          ref: main\n          api_url: "+others.URL+"\n",
		"wait: 60s", "wait: 1s", "wait: 10m", "wait: 1s",
	).Replace(string(text))
	if err := os.WriteFile(rules, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, binary(t), "dev", "--listen", "127.0.0.1:0", "--hub-listen", "127.0.0.1:0")
	cmd.Dir, cmd.Stderr = folder, t.Output()
	cmd.Env = append(os.Environ(), "GITHUB_TOKEN=a-token", "NOTIFY_AUTHORIZATION=a-password")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	t.Cleanup(func() {
		stop()
		for range lines { // until it has ended
		}
		_ = cmd.Wait() // it was interrupted
	})
	return lines
}

// readRecipes reads what to type for each rule.
func readRecipes(t *testing.T, lines <-chan string) map[string]string {
	t.Helper()
	recipes, rule := map[string]string{}, ""
	heading := regexp.MustCompile(`^# (\S+) \(rules\.yaml:\d+\): when `)
	for {
		line := awaitLine(t, lines, regexp.MustCompile(`^(# (\S+ \(rules|What the bot did)|curl |#   it also).*`))
		switch m := heading.FindStringSubmatch(line); {
		case m != nil:
			rule = m[1]
			recipes[rule] = "" // until its line follows
		case strings.HasPrefix(line, "curl "):
			recipes[rule] = line
		case strings.HasPrefix(line, "#   it also"):
			t.Errorf("%s is not all: %s", rule, line)
		default:
			return recipes
		}
	}
}

// awaitLine is the next line that matches.
func awaitLine(t *testing.T, lines <-chan string, pattern *regexp.Regexp) string {
	t.Helper()
	for late := time.After(time.Minute); ; {
		select {
		case line, more := <-lines:
			if !more {
				t.Fatalf("it ended before a line like %s", pattern)
			}
			if pattern.MatchString(line) {
				return line
			}
		case <-late:
			t.Fatalf("it said no line like %s", pattern)
		}
	}
}
