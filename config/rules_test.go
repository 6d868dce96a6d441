package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/config"
)

func TestFindRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := config.FindRules(dir); err == nil || !strings.Contains(err.Error(), "--rules") {
		t.Errorf("an empty folder gives %v, want an error that names --rules", err)
	}
	folder, file := filepath.Join(dir, "rules"), filepath.Join(dir, "rules.yaml")
	for _, step := range []struct {
		want string
		put  func() error
	}{
		{folder, func() error { return os.Mkdir(folder, 0o700) }},
		{file, func() error { return os.WriteFile(file, nil, 0o600) }}, // the file wins once it is there
	} {
		if err := step.put(); err != nil {
			t.Fatal(err)
		}
		got, err := config.FindRules(dir)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{step.want}, got); diff != "" {
			t.Errorf("rules found (-want +got):\n%s", diff)
		}
	}
}
