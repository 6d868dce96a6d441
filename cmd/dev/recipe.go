package dev

import (
	"encoding/json"
	"fmt"
	filename "path"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// now stands in a call for something that is new each time.
const now = "NOW"

// Recipe is how to make a rule fire.
type Recipe struct {
	Rule  *rule.Rule
	Repo  hub.RepoRef
	Calls []Call // to the local Hub, as the user
	Note  string // why there is no call, or what to see to besides
}

// Call is one call to the local Hub.
type Call struct {
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
	fmt.Fprintf(&text, "curl -sS -X %s -H 'Authorization: Bearer %s'", c.Method, UserToken)
	if len(c.Lines) > 0 {
		fmt.Fprintf(&text, " -H 'Content-Type: %s' --data-binary $'%s'", c.contentType(), quoted(strings.Join(c.Lines, "\n")))
	}
	fmt.Fprintf(&text, " '%s%s'", base, c.Path)
	return strings.ReplaceAll(text.String(), now, `'"$(date +%s)"$'`)
}

// quoted is text inside $'…' of a shell.
func quoted(text string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(text)
}

// recipe finds out how a rule fires. thread is what the repository has prepared to talk in.
func (d *Dev) recipe(r *rule.Rule) Recipe {
	trial := r.Trial()
	made := Recipe{Rule: r, Repo: hub.RepoRef{Type: hub.RepoType(trial.RepoType), Name: trial.RepoName}}
	if made.Repo.Name == "" || !strings.Contains(made.Repo.Name, "/") || strings.HasPrefix(made.Repo.Name, "example/") {
		_, name, _ := strings.Cut("/"+made.Repo.Name, "/")
		made.Repo.Name = UserName + "/" + name[strings.LastIndexByte(name, '/')+1:]
		if strings.HasSuffix(made.Repo.Name, "/") {
			made.Repo.Name += "example"
		}
	}
	switch {
	case !slices.Contains([]hub.RepoType{hub.Model, hub.Dataset, hub.Space}, made.Repo.Type):
		made.Note = fmt.Sprintf("the local Hub has no repositories of type %s; try it with hfbot send", made.Repo.Type)
	case !d.knows(made.Repo.Name):
		made.Note = "the owner of " + made.Repo.Name + " is new: start hfbot dev again"
	}
	return made
}

// calls make the event. thread is the discussion or pull request that is there to act on.
func calls(repo hub.RepoRef, trial rule.Trial, thread thread) []Call {
	api := repo.APIPath()
	talk := fmt.Sprintf("%s/discussions/%d", api, thread.num)
	switch trial.Scope + " " + trial.Action {
	case "repo create":
		return []Call{{"POST", "/api/repos/create", []string{createBody(repo, repo.Name+"-"+now, trial.Private)}}}
	case "repo delete":
		return []Call{{"DELETE", "/api/repos/delete", []string{body("type", repo.Type, "name", repo.Name)}}}
	case "repo move":
		return []Call{{"POST", "/api/repos/move", []string{
			body("type", repo.Type, "fromRepo", repo.Name, "toRepo", repo.Name+"-moved"),
		}}}
	case "discussion create", "discussion ":
		if trial.PullRequest {
			return []Call{commitCall(api, "main?create_pr=1", "Suggest a change", trial.Path)}
		}
		return []Call{{"POST", api + "/discussions", []string{body("title", "A question "+now, "description", "What is this?")}}}
	case "discussion update":
		return []Call{{"POST", talk + "/title", []string{body("title", "Another title "+now)}}}
	case "discussion delete":
		return []Call{{"DELETE", talk, nil}}
	case "discussion.comment update":
		return []Call{{"POST", talk + "/comment/" + thread.comment + "/edit", []string{body("content", "Edited "+now)}}}
	case "discussion.comment create", "discussion.comment ":
		text := trial.Comment
		if text == "" {
			text = "A comment " + now
		}
		return []Call{{"POST", talk + "/comment", []string{body("comment", text)}}}
	}
	if trial.Scope == "repo.config" {
		return []Call{{"PUT", api + "/settings", []string{body("private", !trial.Private)}}}
	}
	if trial.Ref != "" {
		return contentCalls(api, trial)
	}
	return nil
}

// contentCalls move a ref.
func contentCalls(api string, trial rule.Trial) []Call {
	if tag, ok := strings.CutPrefix(trial.Ref, "refs/tags/"); ok {
		return []Call{{"POST", api + "/tag/main", []string{body("tag", tag)}}}
	}
	if strings.HasPrefix(trial.Ref, "refs/pr/") {
		return []Call{commitCall(api, "main?create_pr=1", "Suggest a change", trial.Path)}
	}
	branch := strings.TrimPrefix(trial.Ref, "refs/heads/")
	return []Call{commitCall(api, strings.ReplaceAll(branch, "/", "%2F"), "Try the rule", trial.Path)}
}

// commitCall writes a file.
func commitCall(api, revision, summary, path string) Call {
	if path == "" {
		path = "notes.txt"
	}
	file := map[string]string{"path": path, "content": "written at " + now + "\n"}
	if slices.Contains([]string{".bin", ".pt", ".pth", ".ckpt"}, filename.Ext(path)) {
		file["content"], file["encoding"] = weights(now), "base64"
	}
	return Call{"POST", api + "/commit/" + revision, []string{
		body("key", "header", "value", map[string]string{"summary": summary}),
		body("key", "file", "value", file),
	}}
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
