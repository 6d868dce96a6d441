// Package spaces holds what is put on a Space of the Hub to run a bot there: template folders, each with rules and their
// test, and what they all share: the README whose front matter makes it a Docker Space, a Dockerfile and settings.
package spaces

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

//go:embed default templates common
var folders embed.FS

// Default is the name of the template that is used when none is named.
const Default = "auto-safetensors"

// Example returns the files of the Space that stands ready to be duplicated.
func Example() (fs.FS, error) { return fs.Sub(folders, "default") }

// Template is a bot to begin with.
type Template struct {
	Name    string
	Summary string // what it does, a sentence of up to 60 characters without its full stop, also the Space's short_description
}

// Templates lists the templates by name.
func Templates() ([]Template, error) {
	entries, err := folders.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	var list []Template
	for _, e := range entries {
		rules, err := folders.ReadFile("templates/" + e.Name() + "/rules.yaml")
		if err != nil {
			return nil, err
		}
		first, _, _ := strings.Cut(string(rules), "\n")
		list = append(list, Template{Name: e.Name(), Summary: strings.Trim(first, "# .")})
	}
	return list, nil
}

// secretNames finds the variables that rules take secrets from: {token: GITHUB_TOKEN}.
var secretNames = regexp.MustCompile(`secrets: \{[a-z_]+: ([A-Z_]+)\}`)

// Files are the files of a bot's folder made from a template, by their paths. An unknown name is an error that wraps
// fs.ErrNotExist.
func Files(name, title string) (map[string][]byte, error) {
	all, err := Templates()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(t Template) bool { return t.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("template %q: %w", name, fs.ErrNotExist)
	}
	files := map[string][]byte{}
	for to, from := range map[string]string{
		"rules.yaml": "templates/" + name + "/rules.yaml", "rules_test.yaml": "templates/" + name + "/rules_test.yaml",
		"Dockerfile": "default/Dockerfile", "hfbot.yaml": "default/hfbot.yaml", ".github/workflows/check.yml": "common/check.yml",
		".gitignore": "common/gitignore",
	} {
		if files[to], err = folders.ReadFile(from); err != nil {
			return nil, err
		}
	}
	files["README.md"], err = readme(all[i], title, files["rules.yaml"])
	return files, err
}

// readme is the card of the bot's Space.
func readme(t Template, title string, rules []byte) ([]byte, error) {
	page, err := template.ParseFS(folders, "common/README.md.tmpl")
	if err != nil {
		return nil, err
	}
	var secrets []string
	for _, m := range secretNames.FindAllSubmatch(rules, -1) {
		secrets = append(secrets, string(m[1]))
	}
	slices.Sort(secrets)
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{"Title": title, "Summary": t.Summary, "Secrets": slices.Compact(secrets)})
	return out.Bytes(), err
}
