// Package server_test has the files that run a bot on a server checked by the programs that they are for.
package server_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compose has the parser of Docker Compose itself read a file.
func compose(t *testing.T, args ...string) (string, error) {
	t.Helper()
	args = append([]string{"tool", "-modfile=../../tools/go.mod", "github.com/compose-spec/compose-go/v2/cmd"}, args...)
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	return string(out), err
}

// noValues leaves ${NAME:?} as it stands: this program takes no values for it.
const noValues = "-no-interpolation"

func TestComposeFile(t *testing.T) {
	t.Parallel()
	out, err := compose(t, noValues, "compose.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"HFBOT_DATABASE: postgres://", "target: /app/rules.yaml", "read_only: true", "condition: service_healthy"} {
		if !strings.Contains(out, want) {
			t.Errorf("the file does not come to %q:\n%s", want, out)
		}
	}
	out, err = compose(t, "compose.yaml")
	for _, name := range []string{"HF_TOKEN", "WEBHOOK_SECRET", "HFBOT_ADMIN_TOKEN", "POSTGRES_PASSWORD"} {
		if err == nil || !strings.Contains(out, "required variable "+name) {
			t.Errorf("without a value, %s is not asked for: %v\n%s", name, err, out)
		}
	}
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for old, bad := range map[string]string{"read_only:": "readonly:", "service_healthy": "service_fine"} {
		file := filepath.Join(t.TempDir(), "compose.yaml")
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, bad, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := compose(t, noValues, file); err == nil {
			t.Errorf("%q passes:\n%s", bad, out)
		}
	}
}

// verify has systemd read a unit. The program that it starts need not be installed here.
func verify(t *testing.T, text string) string {
	t.Helper()
	unit := filepath.Join(t.TempDir(), "hfbot.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(text, "/usr/local/bin/hfbot", "/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	if err != nil {
		t.Fatalf("systemd-analyze (.ci/deps systemd installs it): %v\n%s", err, out)
	}
	return string(out)
}

func TestUnit(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("hfbot.service")
	if err != nil {
		t.Fatal(err)
	}
	if said := verify(t, string(text)); said != "" {
		t.Errorf("systemd says:\n%s", said)
	}
	if said := verify(t, strings.Replace(string(text), "DynamicUser=", "DynamicUsr=", 1)); !strings.Contains(said, "DynamicUsr") {
		t.Errorf("a setting that systemd does not know passes: %q", said)
	}
}
