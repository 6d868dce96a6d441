package dev

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	filename "path"
	"slices"
	"strings"
	"unicode"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// now stands in a call for something that is new each time.
const now = "{NOW}"

// Recipe is how to make a rule fire.
type Recipe struct {
	Rule  *rule.Rule
	Repo  hub.RepoRef
	Calls []Call   // to the local Hub
	Note  string   // why there is no call
	Also  []string // what the rule wants besides, when no test beside it shows an event that has it

	trial rule.Trial
}

// Call is one call to the local Hub.
type Call struct {
	As           string // the account
	Method, Path string
	Lines        []string // of the body; several make it NDJSON
}

// contentType is that of the body.
func (c Call) contentType() string {
	if len(c.Lines) > 1 {
		return "application/x-ndjson"
	}
	return "application/json"
}

// Curl is the call as a line for a shell.
func (c Call) Curl(base string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "curl -sS -X %s -H %s", c.Method, word("Authorization: Bearer "+Token(c.As)))
	if len(c.Lines) > 0 {
		fmt.Fprintf(&text, " -H 'Content-Type: %s' --data-binary $'%s'", c.contentType(), quoted(strings.Join(c.Lines, "\n")))
	}
	text.WriteString(" " + word(base+c.Path))
	return strings.ReplaceAll(text.String(), now, `'"$(date +%s)"$'`)
}

// word is text as one word of a shell, whatever a rule or its tests put into it.
func word(text string) string {
	if inside := quoted(text); inside != text {
		return "$'" + inside + "'"
	}
	return "'" + text + "'"
}

// quoted is text inside $'…' of a shell. What would steer the terminal that shows the line is written as its number.
func quoted(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\' || r == '\'':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// recipe finds out how a rule fires.
func (d *Dev) recipe(r *rule.Rule, example rule.Example) Recipe {
	trial := r.Trial(example)
	made := Recipe{Rule: r, Repo: hub.RepoRef{Type: hub.RepoType(trial.RepoType), Name: trial.RepoName}, trial: trial}
	if example.Payload == nil {
		made.Also = r.Words().If
	}
	if made.Repo.Name == "" || !strings.Contains(made.Repo.Name, "/") || strings.HasPrefix(made.Repo.Name, "example/") {
		_, name, _ := strings.Cut("/"+made.Repo.Name, "/")
		made.Repo.Name = OrgName + "/" + name[strings.LastIndexByte(name, '/')+1:]
		if strings.HasSuffix(made.Repo.Name, "/") {
			made.Repo.Name += "example"
		}
	}
	switch {
	case !slices.Contains([]hub.RepoType{hub.Model, hub.Dataset, hub.Space}, made.Repo.Type):
		made.Note = fmt.Sprintf("the local Hub has no repositories of type %s; try it with hfbot send", made.Repo.Type)
	case !d.knows(made.Repo.Name):
		made.Note = "the owner of " + made.Repo.Name + " is new: start hfbot dev again"
	case trial.Author != "" && trial.Author != UserName && !slices.Contains(d.cast.people, trial.Author):
		made.Note = "the account " + trial.Author + " is new: start hfbot dev again"
	}
	return made
}

// calls make the event. thread is the discussion or pull request that is there to act on.
func calls(repo hub.RepoRef, trial rule.Trial, thread thread) []Call {
	as, api := cmp.Or(trial.Author, UserName), repo.APIPath()
	talk := fmt.Sprintf("%s/discussions/%d", api, thread.num)
	switch trial.Scope + " " + trial.Action {
	case "repo create":
		return []Call{{as, "POST", "/api/repos/create", []string{createBody(repo, repo.Name+"-"+now, trial.Private)}}}
	case "repo delete":
		return []Call{{as, "DELETE", "/api/repos/delete", []string{body("type", repo.Type, "name", repo.Name)}}}
	case "repo move":
		return []Call{{as, "POST", "/api/repos/move", []string{
			body("type", repo.Type, "fromRepo", repo.Name, "toRepo", repo.Name+"-moved"),
		}}}
	case "discussion create", "discussion ":
		if trial.PullRequest {
			return []Call{pullRequestCall(as, api, trial, cardName)}
		}
		return []Call{{as, "POST", api + "/discussions", []string{body(
			"title", cmp.Or(trial.Title, "A question "+now), "description", cmp.Or(trial.Comment, "What is this?"),
		)}}}
	case "discussion update":
		return []Call{{as, "POST", talk + "/title", []string{body("title", cmp.Or(trial.Title, "Another title")+" "+now)}}}
	case "discussion delete":
		return []Call{{as, "DELETE", talk, nil}}
	case "discussion.comment update":
		return []Call{{as, "POST", talk + "/comment/" + thread.comment + "/edit", []string{
			body("content", cmp.Or(trial.Comment, "Edited "+now)),
		}}}
	case "discussion.comment create", "discussion.comment ":
		return []Call{{as, "POST", talk + "/comment", []string{body("comment", cmp.Or(trial.Comment, "A comment "+now))}}}
	}
	if trial.Scope == "repo.config" {
		return []Call{{as, "PUT", api + "/settings", []string{body("private", !trial.Private)}}}
	}
	if trial.Ref != "" {
		return []Call{contentCall(as, api, trial)}
	}
	return nil
}

// contentCall moves a ref.
func contentCall(as, api string, trial rule.Trial) Call {
	if tag, ok := strings.CutPrefix(trial.Ref, "refs/tags/"); ok {
		return Call{as, "POST", api + "/tag/main", []string{body("tag", tag)}}
	}
	if strings.HasPrefix(trial.Ref, "refs/pr/") {
		return pullRequestCall(as, api, trial, notesName)
	}
	branch := strings.TrimPrefix(trial.Ref, "refs/heads/")
	return commitCall(as, api+"/commit/"+url.PathEscape(branch), "Try the rule", "", fileFor(trial, notesName))
}

// pullRequestCall proposes a change of a file, if need be of the one that is named.
func pullRequestCall(as, api string, trial rule.Trial, otherwise string) Call {
	title := cmp.Or(trial.Title, "Suggest a change")
	return commitCall(as, api+"/commit/main?create_pr=1", title, trial.Comment, fileFor(trial, otherwise))
}

func commitCall(as, path, summary, description string, file map[string]string) Call {
	header := map[string]string{"summary": summary}
	if description != "" {
		header["description"] = description
	}
	return Call{as, "POST", path, []string{
		body("key", "header", "value", header),
		body("key", "file", "value", file),
	}}
}

// What is changed for rules that do not say.
const (
	notesName = "notes.txt"
	cardName  = "README.md"
)

// fileFor is the file that changes.
func fileFor(trial rule.Trial, otherwise string) map[string]string {
	path := cmp.Or(trial.Path, otherwise)
	if slices.Contains([]string{".bin", ".pt", ".pth", ".ckpt"}, filename.Ext(path)) {
		return map[string]string{"path": path, "content": weights(now), "encoding": "base64"}
	}
	text := "written at " + now + "\n"
	if path == cardName {
		text = card(trial.Tags) + text
	}
	return map[string]string{"path": path, "content": text}
}

// card is the beginning of a README.md that gives the repository tags.
func card(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	text := "---\ntags:\n"
	for _, tag := range tags {
		text += fmt.Sprintf("  - %q\n", tag)
	}
	return text + "---\n"
}

func createBody(repo hub.RepoRef, name string, private bool) string {
	if repo.Type == hub.Space {
		return body("type", repo.Type, "name", name, "private", private, "sdk", "static")
	}
	return body("type", repo.Type, "name", name, "private", private)
}

// body is JSON of names and values in turn.
func body(pairs ...any) string {
	fields := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err) // texts and booleans only
	}
	return string(text)
}
