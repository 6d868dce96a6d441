package spaces_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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

// read returns a file of the example Space.
func read(t *testing.T, name string) string {
	t.Helper()
	example, err := spaces.Example()
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(example, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestUnknownTemplate(t *testing.T) {
	t.Parallel()
	if _, err := spaces.Files("nothing", "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

// checkCard wants a README whose front matter makes a Docker Space.
func checkCard(t *testing.T, readme string) {
	t.Helper()
	parts := strings.SplitN(readme, "---\n", 3)
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
	if n := len(front.ShortDescription); n == 0 || n > 60 {
		t.Errorf("short_description has %d characters, want 1 to 60", n)
	}
	if diff := cmp.Diff([]string{"webhook", "bot"}, front.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestExampleCard(t *testing.T) {
	t.Parallel()
	checkCard(t, read(t, "README.md"))
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	all, err := spaces.Templates()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Errorf("%d templates, want at least 10", len(all))
	}
	for _, template := range all {
		t.Run(template.Name, func(t *testing.T) {
			t.Parallel()
			files, err := spaces.Files(template.Name, "My bot")
			if err != nil {
				t.Fatal(err)
			}
			checkCard(t, string(files["README.md"]))
			dir := t.TempDir()
			for name, text := range files {
				path := filepath.Join(dir, filepath.FromSlash(name))
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			rules := filepath.Join(dir, "rules.yaml")
			opts := rule.Options{Actions: actions.Default}
			if _, problems := rule.Load([]string{rules}, opts); len(problems) > 0 {
				t.Errorf("rules:\n%s", problems.Text())
			}
			results, problems := rule.RunTests(t.Context(), []string{dir}, opts)
			if len(problems) > 0 || len(results) < 2 {
				t.Errorf("%d tests:\n%s", len(results), problems.Text())
			}
			for _, r := range results {
				if len(r.Failures) > 0 {
					t.Errorf("test %q: %v", r.Name, r.Failures)
				}
			}
			if !strings.HasPrefix(template.Summary, strings.ToUpper(template.Summary[:1])) || len(template.Summary) < 20 {
				t.Errorf("summary %q", template.Summary)
			}
		})
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

// TestSettingsLoad wants the same settings file to do on a laptop and, with what the Dockerfile sets, in a container.
func TestSettingsLoad(t *testing.T) {
	_, line, _ := strings.Cut(read(t, "Dockerfile"), "\nENV ")
	line, _, _ = strings.Cut(line, "\n")
	image := map[string]string{}
	for pair := range strings.FieldsSeq(line) {
		name, value, _ := strings.Cut(pair, "=")
		image[name] = value
	}
	for _, tc := range []struct {
		env              map[string]string
		listen, database string
	}{
		{nil, "127.0.0.1:7860", "sqlite:data/hfbot.db"},
		{image, config.SpaceListen, "sqlite:/data/hfbot.db"},
	} {
		for _, s := range config.Settings {
			for _, name := range s.Env {
				t.Setenv(name, tc.env[name])
			}
		}
		t.Setenv("HFBOT_CONFIG", "default/hfbot.yaml")
		got, err := config.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Listen != tc.listen || got.Database != tc.database || !slices.Equal(got.Rules, []string{"rules.yaml"}) {
			t.Errorf("with %v: listen %s, database %s, rules %q", tc.env, got.Listen, got.Database, got.Rules)
		}
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
