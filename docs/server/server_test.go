// Package server_test checks the files that run a bot on a server.
package server_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestComposeFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Image       string            `yaml:"image"`
			Environment map[string]string `yaml:"environment"`
			Volumes     []string          `yaml:"volumes"`
			DependsOn   map[string]any    `yaml:"depends_on"`
			Rest        map[string]any    `yaml:",inline"`
		} `yaml:"services"`
		Volumes map[string]any `yaml:"volumes"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	bot, ok := file.Services["bot"]
	if !ok || !strings.HasPrefix(bot.Environment["HFBOT_DATABASE"], "postgres://") {
		t.Errorf("the bot keeps its data in %q, want PostgreSQL", bot.Environment["HFBOT_DATABASE"])
	}
	for name := range bot.DependsOn {
		if file.Services[name].Image == "" {
			t.Errorf("the bot depends on %s, which is no service", name)
		}
	}
	for name := range bot.Environment {
		if name != "HF_TOKEN" && name != "WEBHOOK_SECRET" && !strings.HasPrefix(name, "HFBOT_") {
			t.Errorf("unknown variable %s", name)
		}
	}
}

func TestUnit(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("hfbot.service")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string][]string{}
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = line
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || value == "" || section == "" {
				t.Errorf("not a setting of a unit: %q", line)
			}
			sections[section] = append(sections[section], key)
		}
	}
	for name, keys := range map[string][]string{
		"[Unit]": {"Description", "After"}, "[Service]": {"ExecStart", "DynamicUser", "StateDirectory"}, "[Install]": {"WantedBy"},
	} {
		for _, key := range keys {
			if !slices.Contains(sections[name], key) {
				t.Errorf("%s lacks %s", name, key)
			}
		}
	}
}
