package builtin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

// execWith runs exec.run without a Hub.
func execWith(ctx context.Context, t *testing.T, with map[string]any, secrets map[string]hub.Secret) (map[string]any, error) {
	t.Helper()
	return entry(t, "exec.run").Run(ctx, &actions.Runtime{Dir: t.TempDir(), Secrets: secrets}, with)
}

func TestExec(t *testing.T) {
	t.Setenv("HF_TOKEN", "hf_must_not_be_seen")
	tests := map[string]struct {
		with map[string]any
		want map[string]any
		err  string
	}{
		"arguments are not taken apart": {
			map[string]any{"command": []any{"printf", "%s|", "a b", "$(id)", "; true"}},
			map[string]any{"stdout": "a b|$(id)|; true|", "exit_code": int64(0)},
			"",
		},
		"JSON in and out": {
			map[string]any{"command": []any{"cat"}, "input": map[string]any{"a": []any{int64(1)}}},
			map[string]any{"json": map[string]any{"a": []any{float64(1)}}, "stdout": `{"a":[1]}`},
			"",
		},
		"environment": {
			map[string]any{"command": []any{"env"}, "env": map[string]any{"PATH": "/usr/bin:/bin", "A": "b"}},
			nil, "",
		},
		"escapes": {
			map[string]any{"command": sh(`printf 'a\033[31mb\033]0;title\007c\000d\r\n'; printf '\033[2J' >&2`)},
			map[string]any{"stdout": "abcd\n", "stderr": ""},
			"",
		},
		"exit code": {
			map[string]any{"command": sh(`echo out; echo "went wrong" >&2; exit 3`)},
			nil,
			"ended with exit code 3: went wrong",
		},
		"expected exit code": {
			map[string]any{"command": sh(`exit 3`), "expect": []any{int64(0), int64(3)}}, map[string]any{"exit_code": int64(3)}, "",
		},
		"collected": {
			map[string]any{"command": sh(`mkdir d; echo x > d/a.txt; ln -s /etc/passwd d/b.txt; echo y > c.bin`), "collect": []any{"**/*.txt"}},
			map[string]any{"files": map[string]any{"d/a.txt": "x\n"}},
			"",
		},
		"no text": {
			map[string]any{"command": sh(`printf '\377' > a`), "collect": []any{"a"}}, nil, `"a" is no text`,
		},
		"no program":        {map[string]any{"command": []any{"no-such-program"}}, nil, `no program "no-such-program" in PATH`},
		"no such file":      {map[string]any{"command": []any{"./none"}}, nil, "cannot be started"},
		"too much":          {map[string]any{"command": []any{"yes"}, "max_output": int64(1)}, nil, "printed more than max_output"},
		"processor time":    {map[string]any{"command": sh(`while :; do :; done`), "cpu": "1s"}, nil, "exit code 137"},
		"file size":         {map[string]any{"command": sh(`dd if=/dev/zero of=f bs=1M count=3`), "file_size": int64(1)}, nil, "exit code"},
		"address space":     {map[string]any{"command": sh(`dd if=/dev/zero of=/dev/null bs=512M count=1`), "memory": int64(64)}, nil, "exit code"},
		"beginning only":    {map[string]any{"command": sh(`head -c 300000 /dev/zero | tr '\0' a`)}, map[string]any{"truncated": true, "json": nil}, ""},
		"a pipe kept open":  {map[string]any{"command": sh(`sleep 600 & echo done`)}, map[string]any{"stdout": "done\n"}, ""},
		"an empty standard": {map[string]any{"command": []any{"cat"}}, map[string]any{"stdout": ""}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := execWith(t.Context(), t, test.with, map[string]hub.Secret{"API_KEY": "s3cret"})
			if test.err != "" {
				if !actions.IsPermanent(err) || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want a permanent one with %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for key, want := range test.want {
				if diff := cmp.Diff(want, out[key]); diff != "" {
					t.Errorf("output %s: %s", key, diff)
				}
			}
			if name == "environment" {
				checkEnvironment(t, out["stdout"].(string))
			}
		})
	}
}

// checkEnvironment holds the variables of a program against what they may be.
func checkEnvironment(t *testing.T, printed string) {
	t.Helper()
	for line := range strings.Lines(printed) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		switch name {
		case "HOME", "TMPDIR", "LANG", "HFBOT_SHA", "HFBOT_REF":
		case "PATH", "A", "API_KEY":
			if want := map[string]string{"PATH": "/usr/bin:/bin", "A": "b", "API_KEY": "s3cret"}[name]; value != want {
				t.Errorf("%s is %q, want %q", name, value, want)
			}
		case "PWD", "OLDPWD", "_", "SHLVL": // a shell's own
		default:
			t.Errorf("the program sees %s", name)
		}
	}
	if !strings.Contains(printed, "API_KEY=s3cret") {
		t.Error("the secret is not there")
	}
}

// gone waits until a process is no more.
func gone(t *testing.T, pidFile string) {
	t.Helper()
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for range 6000 {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d lives on", pid)
}

// runaway starts a process that leaves its group and session and ignores what it can, and writes its id to the file $1.
const runaway = `setsid sh -c 'trap "" TERM HUP INT; echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 600' sh "$1" >/dev/null 2>&1 &
while ! [ -e "$1" ]; do sleep 0.01; done`

func TestExecEndsWhatIsLeftBehind(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	if _, err := execWith(t.Context(), t, map[string]any{"command": sh(runaway, file)}, nil); err != nil {
		t.Fatal(err)
	}
	gone(t, file)
}

func TestExecEndsAllWhenCancelled(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(file); err == nil {
				cancel()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, err := execWith(ctx, t, map[string]any{"command": sh(runaway+"\nwait; sleep 600", file)}, nil)
	if !errors.Is(err, context.Canceled) || actions.IsPermanent(err) {
		t.Errorf("error %v, want the context's", err)
	}
	gone(t, file)
}

func TestExecInAClone(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	repo := h.Repo(t, hub.Model, map[string]string{"a/b.txt": "first", "weights.bin": strings.Repeat("\x00w", 100)})
	step := actionstest.Step{
		Uses: "exec.run", Event: h.Pushed(t, repo), Secrets: map[string]string{"API_KEY": "s3cret"},
		With: map[string]any{
			"command": sh(`cat a/b.txt; head -n1 weights.bin; echo $HFBOT_REPO $HFBOT_REPO_TYPE`), "clone": true,
		},
	}
	h.Commit(t, repo, map[string]string{"a/b.txt": "later"})
	if out := h.CheckDryRun(t, step); out["stdout"] != "" {
		t.Errorf("a dry run ran it: %v", out)
	}
	out := h.MustRun(t, step)
	want := fmt.Sprintf("firstversion https://git-lfs.github.com/spec/v1\n%s model\n", repo.Name)
	if diff := cmp.Diff(want, out["stdout"]); diff != "" {
		t.Error(diff)
	}
	step.With["lfs"], step.With["command"] = []any{"*.bin"}, []any{"wc", "-c", "weights.bin"}
	if out := h.MustRun(t, step); out["stdout"] != "200 weights.bin\n" {
		t.Errorf("outputs %v, want the whole file", out)
	}
}
