package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// specFile holds what the Hub's own OpenAPI document of 2026-08-18 says of answers: a schema for each path, method and
// status, null where it gives none. Left out are descriptions, the parts of the Hub that the local one has not, and
// what differs only in the type of repository or in the two spellings of a collection's name.
const specFile = "testdata/hub-openapi.json"

// operation is one method of one documented path.
type operation struct {
	method, path string
	pattern      *regexp.Regexp
	answers      map[string]*jsonschema.Schema // by status; nil for a body of no documented shape
}

// beyond lists what answers have although their specification does not know it. Where names what it applies to; a star
// stands for each element of a list.
var beyond = []struct{ path, where, why string }{
	{"/api/{repoType}/{namespace}/{repo}/tree/{rev}/{path}", "*.path", "every client reads it"},
	{"/api/{repoType}/{namespace}/{repo}/paths-info/{rev}", "*.lfs.oid", "huggingface_hub and huggingface.js read it"},
	{"/api/{repoType}/{namespace}/{repo}/paths-info/{rev}", "*.lfs.size", "huggingface_hub and huggingface.js read it"},
	{"/api/{repoType}/{namespace}/{repo}/discussions/{num}", "events.*.data.history", "huggingface_hub reads it"},
	{"/api/{repoType}/{namespace}/{repo}/discussions/{num}", "diff", "huggingface_hub asks for it and reads it"},
	{"/api/{repoType}/{namespace}/{repo}/discussions/{num}/comment", "newMessage.data.history", "as above"},
}

// without removes the field that the steps lead to.
func without(body any, steps []string) {
	switch body := body.(type) {
	case []any:
		for _, each := range body {
			without(each, steps[1:])
		}
	case map[string]any:
		if len(steps) == 1 {
			delete(body, steps[0])
		} else {
			without(body[steps[0]], steps[1:])
		}
	}
}

// specification gives all documented operations, those with the fewest parameters first. It is read once.
var specification = sync.OnceValues(readSpecification)

func readSpecification() ([]operation, error) {
	raw, err := os.ReadFile(specFile)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	var parts struct {
		Paths map[string]map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("hub.json", document); err != nil {
		return nil, err
	}
	var all []operation
	for path, methods := range parts.Paths {
		for method, answers := range methods {
			op := operation{strings.ToUpper(method), path, pathPattern(path), map[string]*jsonschema.Schema{}}
			for status, schema := range answers {
				op.answers[status] = nil
				if string(schema) == "null" {
					continue
				}
				pointer := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
				if op.answers[status], err = compiler.Compile("hub.json#/paths/" + pointer + "/" + method + "/" + status); err != nil {
					return nil, fmt.Errorf("%s %s: %w", method, path, err)
				}
			}
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b operation) int {
		if d := strings.Count(a.path, "{") - strings.Count(b.path, "{"); d != 0 {
			return d
		}
		return strings.Compare(a.method+a.path, b.method+b.path)
	})
	return all, nil
}

// pathPattern matches the escaped paths of requests to a documented path.
func pathPattern(path string) *regexp.Regexp {
	pattern := regexp.MustCompile(`\\\{(\w+)\\\}`).ReplaceAllStringFunc(regexp.QuoteMeta(path), func(name string) string {
		switch name {
		case `\{repoType\}`:
			return "(?:models|datasets|spaces)"
		case `\{path\}`:
			return ".*"
		case `\{id\}`:
			return "[0-9a-f]{24}"
		}
		return "[^/]+"
	})
	return regexp.MustCompile("^" + pattern + "$")
}

// checked hands requests on to next and fails the test where an answer is not what the specification says.
func checked(t testing.TB, next http.Handler) http.Handler {
	all, err := specification()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := slices.IndexFunc(all, func(op operation) bool {
			return op.method == r.Method && op.pattern.MatchString(r.URL.EscapedPath())
		})
		if at < 0 {
			next.ServeHTTP(w, r)
			return
		}
		copied := &copiedAnswer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(copied, r)
		if err := all[at].check(copied); err != nil {
			t.Errorf("%s %s (%s): %v\n%.2000s", r.Method, r.URL, all[at].path, err, copied.body.Bytes())
		}
	})
}

// check compares an answer with what the specification says of the operation. It says nothing of most refusals: these
// have the form that clients read.
func (op operation) check(answer *copiedAnswer) error {
	schema, documented := op.answers[strconv.Itoa(answer.status)]
	switch {
	case answer.status >= 400 && schema == nil:
		var refusal struct{ Error string }
		if err := json.Unmarshal(answer.body.Bytes(), &refusal); err != nil || refusal.Error == "" {
			return fmt.Errorf("status %d without an error in its body", answer.status)
		}
		if strings.HasPrefix(op.path, "/oauth/") {
			return nil // errors of OAuth have a form of their own
		}
		if answer.Header().Get("X-Error-Message") == "" || answer.Header().Get("X-Request-Id") == "" {
			return fmt.Errorf("status %d without X-Error-Message or X-Request-Id", answer.status)
		}
		return nil
	case answer.status == http.StatusTemporaryRedirect && answer.Header().Get("Location") != "":
		return nil // the repository has another name now
	case !documented && len(op.answers) > 0:
		return fmt.Errorf("status %d is not documented", answer.status)
	case schema == nil:
		return nil
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer.body.Bytes()))
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	for _, each := range beyond {
		if each.path == op.path {
			without(body, strings.Split(each.where, "."))
		}
	}
	return schema.Validate(body)
}

// copiedAnswer keeps a copy of the answer that passes through it.
type copiedAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (c *copiedAnswer) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *copiedAnswer) Write(p []byte) (int, error) {
	c.body.Write(p)
	return c.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach what is below, to flush events.
func (c *copiedAnswer) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// absent lists the documented operations that the local Hub has not, although it has others beside them.
var absent = map[string]string{
	"GET /api/avatars/{namespace}":                                     "there are no pictures but one",
	"GET /{namespace}/{repo}/user-access-report":                       "a table for people; the requests are at user-access-request",
	"GET /datasets/{namespace}/{repo}/user-access-report":              "as above",
	"PUT /api/organizations/{name}/members/{username}/role":            "roles are given when the Hub starts",
	"GET /api/{repoType}/{namespace}/{repo}/resource-group":            "there are no resource groups, as outside Enterprise",
	"POST /api/{repoType}/{namespace}/{repo}/resource-group":           "as above",
	"GET /api/collections/{namespace}/{slug}-{id}/resource-group":      "as above",
	"POST /api/collections/{namespace}/{slug}-{id}/resource-group":     "as above",
	"GET /api/{repoType}/{namespace}/{repo}/discussions/{num}/storage": "files are not counted by pull request",
}

// TestDocumentedOperations asks for each documented operation: it must lead somewhere.
func TestDocumentedOperations(t *testing.T) {
	t.Parallel()
	all, err := specification()
	if err != nil {
		t.Fatal(err)
	}
	l := startLocal(t, Options{Orgs: []Org{{Name: "acme", Members: map[string]string{"ann": "admin"}}}})
	for _, kind := range []string{"model", "dataset", "space"} {
		l.makeRepo(kind, "r", `,"sdk":"static"`)
	}
	fill := strings.NewReplacer("{repoType}", "spaces", "{namespace}", "ann", "{repo}", "r", "{name}", "acme", "{username}", "ann",
		"{rev}", "main", "{path}", "README.md", "{num}", "1", "{status}", "pending", "{logType}", "run", "{action}", "enable",
		"{compare}", "main..main", "{perms}", "read")
	anID := regexp.MustCompile(`\{\w+\}`)
	for _, op := range all {
		path := anID.ReplaceAllString(fill.Replace(op.path), strings.Repeat("0", 24))
		got, err := l.do("ann", op.method, path, "{}")
		lost := got.status == http.StatusMethodNotAllowed ||
			got.status == http.StatusNotFound && strings.HasPrefix(got.header.Get("X-Error-Message"), "Sorry, we can't find the page")
		if reason, known := absent[op.method+" "+op.path]; lost != known {
			t.Errorf("%s %s: status %d, known as absent: %q (%v)", op.method, path, got.status, reason, err)
		}
	}
}
