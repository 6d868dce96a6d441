package spaces_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/actions"
	_ "github.com/hfbot/hfbot/actions/builtin"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/spaces"
)

// read returns a file of the default template.
func read(t *testing.T, name string) string {
	t.Helper()
	template, err := spaces.Template(spaces.Default)
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(template, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestUnknownTemplate(t *testing.T) {
	t.Parallel()
	if _, err := spaces.Template("nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestFrontMatterMakesADockerSpace(t *testing.T) {
	t.Parallel()
	parts := strings.SplitN(read(t, "README.md"), "---\n", 3)
	if len(parts) != 3 || parts[0] != "" {
		t.Fatal("README.md does not begin with front matter")
	}
	var front struct {
		Title            string   `yaml:"title"`
		SDK              string   `yaml:"sdk"`
		Port             int      `yaml:"app_port"`
		ShortDescription string   `yaml:"short_description"`
		Tags             []string `yaml:"tags"`
	}
	if err := yaml.Unmarshal([]byte(parts[1]), &front); err != nil {
		t.Fatal(err)
	}
	if front.SDK != "docker" || front.Port != 7860 || front.Title == "" {
		t.Errorf("front matter is %+v; want a title, sdk docker and app_port 7860", front)
	}
	// The Hub refuses a longer one (https://huggingface.co/docs/hub/spaces-config-reference).
	if n := len(front.ShortDescription); n > 60 {
		t.Errorf("short_description has %d characters, want at most 60", n)
	}
	if diff := cmp.Diff([]string{"webhook", "bot"}, front.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestRulesLoadWithoutProblems(t *testing.T) {
	t.Parallel()
	set, problems := rule.Load([]string{"default/rules.yaml"}, rule.Options{Actions: actions.Default})
	if len(problems) > 0 {
		t.Fatalf("the template's rules have problems:\n%s", problems.Text())
	}
	if len(set.Rules) == 0 {
		t.Error("the template has no rules")
	}
}

func TestSettingsLoad(t *testing.T) {
	for _, s := range config.Settings {
		for _, name := range s.Env {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HFBOT_CONFIG", "default/hfbot.yaml")
	got, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != config.SpaceListen || got.Database != "sqlite:/data/hfbot.db" {
		t.Errorf("listen %s, database %s; want %s and the mounted folder", got.Listen, got.Database, config.SpaceListen)
	}
}

// The Space's Dockerfile differs from the one at the root only in where the program and the rules come from. What the
// image is must not drift apart.
func TestDockerfilesMakeTheSameImage(t *testing.T) {
	t.Parallel()
	root, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(image(string(root)), image(read(t, "Dockerfile"))); diff != "" {
		t.Errorf("last stage of Dockerfile and of spaces/default/Dockerfile (-root +space):\n%s", diff)
	}
}

// image is the last stage of a Dockerfile without what names the rules' folder.
func image(dockerfile string) []string {
	_, last, _ := strings.Cut(dockerfile, "FROM scratch\n")
	var lines []string
	for line := range strings.Lines(last) {
		if !strings.HasPrefix(line, "ARG BOT=") {
			lines = append(lines, strings.ReplaceAll(line, "${BOT}/", ""))
		}
	}
	return lines
}
