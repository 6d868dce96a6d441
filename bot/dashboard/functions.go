package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// functions are what templates may call. None escapes: html/template does, by where a value stands.
var functions = template.FuncMap{
	"json":     indented,
	"machine":  func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"when":     when,
	"duration": duration,
	"took":     took,
	"short":    short,
	"cut":      cut,
	"sha":      func(s string) string { return s[:min(len(s), 8)] },
	"number":   count,
	"word":     word,
	"add":      func(a, b int) int { return a + b },
	"caret":    caret,
	"ref":      ref,
	"menu":     newMenuItem,
}

// count writes a count of any type.
func count(n any) string {
	switch n := n.(type) {
	case int64:
		return number(float64(n))
	case int:
		return number(float64(n))
	}
	return fmt.Sprint(n)
}

func indented(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // the template escapes
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// when is a time for people without JavaScript; with it, the script writes it in their own zone.
func when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// took is how long something took, or "" while it is not over.
func took(from, to time.Time) string {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return ""
	}
	return duration(to.Sub(from))
}

// short is the end of an id: ids of the same minute begin alike.
func short(id string) string {
	if len(id) > 8 {
		return id[len(id)-8:]
	}
	return id
}

// cut shortens a text to some bytes.
func cut(most int, s string) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " …"
}

// ref is a ref as people say it: a branch by its name.
func ref(s string) string {
	if branch, ok := strings.CutPrefix(s, "refs/heads/"); ok {
		return branch
	}
	return strings.TrimPrefix(s, "refs/")
}

// hubPage is a repository's page on the Hub.
func (d *Dashboard) hubPage(kind, name string) string {
	base := "https://huggingface.co"
	if d.Hub != nil {
		base = d.Hub.Endpoint()
	}
	return base + hub.RepoRef{Type: hub.RepoType(kind), Name: name}.WebPath()
}

// word writes a state or verdict for people.
func word(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") }

// allowance bounds how much strangers' text a page shows, so that it stays a page.
type allowance struct{ left int }

// take cuts a text to what is allowed for it and what is left.
func (a *allowance) take(most int, s string) (text string, whole bool) {
	most = min(most, a.left)
	if len(s) <= most {
		a.left -= len(s)
		return s, true
	}
	a.left -= most
	return cut(most, s), false
}

// menuItem is an entry of the menu.
type menuItem struct {
	Address, Name string
	Here          bool
}

func newMenuItem(p *page, part, address, name string) menuItem {
	return menuItem{Address: address, Name: name, Here: p.Here == part}
}
