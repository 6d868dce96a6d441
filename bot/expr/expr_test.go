package expr_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/bot/expr"
)

// counting is a Facts that counts what it was asked for.
type counting struct {
	values map[string]any
	asked  []string
	err    error
}

func (c *counting) Fact(_ context.Context, name string) (any, error) {
	c.asked = append(c.asked, name)
	if c.err != nil {
		return nil, c.err
	}
	return c.values[name], nil
}

// payload reads a webhook body whose file begins with number.
func payload(t testing.TB, number string) []byte {
	t.Helper()
	files, err := filepath.Glob("testdata/" + number + "-*.json")
	if err != nil || len(files) != 1 {
		t.Fatalf("payload %s: %v, %v", number, files, err)
	}
	body, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func newEnv(t testing.TB, opts expr.Options) *expr.Env {
	t.Helper()
	env, err := expr.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

var richOptions = expr.Options{
	Vars: map[string]any{"org": "acme-lab", "limit": 3, "names": []any{"a", "b"}},
	Args: []expr.Arg{{Name: "dtype"}, {Name: "count", Type: "int"}},
	Steps: []expr.Step{{ID: "convert", Outputs: []actions.Field{
		{Name: "pull_request", Type: "int"}, {Name: "files", Type: "list", Elem: "string"},
	}}},
}

func richFacts() *counting {
	return &counting{values: map[string]any{
		"tags":    []string{"pytorch", "license:mit", "dataset:acme/train"},
		"commit":  map[string]any{"id": "e0816de2", "title": "Add weights", "authors": []string{"ada"}},
		"author":  map[string]any{"id": "1", "name": "ada", "role": "write", "isBot": false},
		"changed": []string{"pytorch_model.bin", "README.md"},
		"card":    map[string]any{"license": "mit", "language": "en", "co2": 1.5, "count": 2},
		"files":   []string{"README.md", "pytorch_model.bin", "config.json"},
	}}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		payload, src string
		want         bool
	}{
		{"10", `repo.type == 'model' && repo.headSha.startsWith('e08')`, true},
		{"10", `repo.private`, false},
		{"10", `has(repo.private)`, true},
		{"10", `has(repo.subdomain)`, false},
		{"10", `has(comment)`, false},
		{"10", `has(comment.content)`, false},
		{"10", `comment.content == '' && discussion.num == 0 && !discussion.isPullRequest`, true},
		{"10", `discussion.changes.base == ''`, true},
		{"10", `updatedRefs.exists(r, r.ref == 'refs/heads/main' && has(r.oldSha))`, true},
		{"12", `has(updatedRefs[0].oldSha)`, false},
		{"12", `updatedRefs[0].oldSha == ''`, true},
		{"32", `has(updatedConfig)`, true},
		{"32", `size(updatedConfig) == 0 && !updatedConfig.private`, true},
		{"30", `updatedConfig.private && has(updatedConfig.private)`, true},
		{"30", `updatedConfig.?other.orValue(7) == 7`, true},
		{"41", `discussion.isPullRequest && discussion.num == 8`, true},
		{"41", `has(discussion) && has(comment)`, true},
		{"10", `has(command)`, false},
		{"10", `has(ref) && ref == 'refs/heads/main'`, true},
		{"10", `vars.org == 'acme-lab' && vars.limit > 2 && 'a' in vars.names`, true},
		{"10", `command.args.dtype == '' && command.args.count == 0`, true},
		{"10", `steps.convert.outputs.pull_request == 0 && !steps.convert.ok`, true},
		{"10", `size(steps.convert.outputs.files) == 0`, true},
		{"10", `has_tag('license:*') && has_tag('dataset:*') && !has_tag('gguf')`, true},
		{"10", `glob('a/b.bin', '**/*.bin') && glob('b.bin', '**/*.bin') && !glob('a/b.bin', '*.bin')`, true},
		{"10", `card.license == 'mit' && card.language == ['en'] && card.pretty_name == ''`, true},
		{"10", `card.?co2.orValue(0.0) == 1.5 && card.?absent.orValue(0) == 0`, true},
		{"10", `card.count == 2 && has(card.count) && !has(card.absent)`, true},
		{"10", `author.role in ['write', 'admin'] && !author.isBot`, true},
		{"10", `commit.title.matches('^Add .*') && commit.authors[0] == 'ada'`, true},
		{"10", `!files.exists(f, f.endsWith('.safetensors'))`, true},
		{"10", `${{ event.scope == 'repo.content' }}`, true},
		{"10", `delivery.id == 'd1' && webhook.version == 3`, true},
	}
	env := newEnv(t, richOptions)
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			t.Parallel()
			p, err := env.Condition(tt.src)
			if err != nil {
				t.Fatal(err)
			}
			in := &expr.Input{
				Body: payload(t, tt.payload), DeliveryID: "d1", Ref: "refs/heads/main", Vars: richOptions.Vars,
				Facts: richFacts(),
			}
			got, err := p.Bool(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestFetches proves which facts are looked up, whatever the order of the operands.
func TestFetches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		src  string
		want []string
	}{
		{`repo.private && size(files) > 0`, nil},
		{`size(files) > 0 && repo.private`, nil},
		{`files.exists(f, f == repo.name) && repo.private`, nil},
		{`repo.type == 'model' || has_tag('x')`, nil},
		{`has_tag('x') || repo.type == 'model'`, nil},
		{`files.size() > 0 && has_tag('absent')`, []string{"tags"}},
		{`files.size() > 0 && has_tag('pytorch')`, []string{"tags", "files"}},
		{`repo.private ? size(files) > 0 : true`, nil},
		{`updatedFiles.exists(u, u.path == files[0])`, nil},
		{`updatedRefs.all(r, r.ref == files[0])`, []string{"files"}},
		{`updatedRefs[files.size() - 3].ref == 'refs/heads/main'`, []string{"files"}},
		{`card.license == 'mit' && author.name == 'bob'`, []string{"author"}},
	}
	env := newEnv(t, expr.Options{})
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			t.Parallel()
			p, err := env.Condition(tt.src)
			if err != nil {
				t.Fatal(err)
			}
			facts := richFacts()
			if _, err := p.Bool(t.Context(), &expr.Input{Body: payload(t, "10"), Facts: facts}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, facts.asked); diff != "" {
				t.Errorf("facts asked for (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPartialEqualsFull: fetching lazily gives what evaluating with everything known gives.
func TestPartialEqualsFull(t *testing.T) {
	t.Parallel()
	atoms := []string{
		`repo.private`, `has_tag('pytorch')`, `has_tag('none')`, `size(files) > 2`,
		`updatedRefs[files.size() - 3].ref == ref`, `card.license == 'mit'`, `author.isBot`,
		`changed.exists(c, c == files[0])`, `updatedRefs[9].ref == ''`, `commit.title == ''`, `[true, false][size(tags) - 3]`,
	}
	env := newEnv(t, expr.Options{})
	for _, a := range atoms {
		for _, b := range atoms {
			for _, form := range []string{"A && B", "A || B", "A ? B : !B", "!(A && !B) || A"} {
				src := strings.NewReplacer("A", "("+a+")", "B", "("+b+")").Replace(form)
				comparePartialWithFull(t, env, src)
			}
		}
	}
}

func comparePartialWithFull(t *testing.T, env *expr.Env, src string) {
	t.Helper()
	p, err := env.Condition(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	body := payload(t, "10")
	lazy := &expr.Input{Body: body, Ref: "refs/heads/main", Facts: richFacts()}
	full := &expr.Input{Body: body, Ref: "refs/heads/main", Facts: richFacts()}
	for _, name := range expr.FactNames {
		if err := full.Fetch(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	gotLazy, errLazy := p.Bool(t.Context(), lazy)
	gotFull, errFull := p.Bool(t.Context(), full)
	if gotLazy != gotFull || (errLazy == nil) != (errFull == nil) {
		t.Errorf("%s: lazy %v (%v), full %v (%v)", src, gotLazy, errLazy, gotFull, errFull)
	}
}

func TestFactFailureIsNeverFalse(t *testing.T) {
	t.Parallel()
	p, err := newEnv(t, expr.Options{}).Condition(`size(files) > 0`)
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("502 bad gateway")
	_, err = p.Bool(t.Context(), &expr.Input{Body: payload(t, "10"), Facts: &counting{err: gone}})
	var failed *expr.FactError
	if !errors.As(err, &failed) || failed.Name != "files" || !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	_, err = p.Bool(t.Context(), &expr.Input{Body: payload(t, "10")})
	if !errors.Is(err, expr.ErrOffline) {
		t.Errorf("offline: got %v", err)
	}
}

func TestPayloadTagsNeedNoFetch(t *testing.T) {
	t.Parallel()
	p, err := newEnv(t, expr.Options{}).Condition(`has_tag('license:*')`)
	if err != nil {
		t.Fatal(err)
	}
	ok, err := p.Bool(t.Context(), &expr.Input{Body: payload(t, "20")})
	if err != nil || !ok {
		t.Errorf("got %v, %v", ok, err)
	}
}

func TestIssues(t *testing.T) {
	t.Parallel()
	tests := []struct {
		src, at string // at is the text under the caret
		want    string
	}{
		{`repo.nmae == 'x'`, "nmae", "undefined field 'nmae' (did you mean 'name'?)"},
		{`updatedRefs.exists(r, r.rfe == '')`, "rfe", "undefined field 'rfe' (did you mean 'ref'?)"},
		{`reop.name == ''`, "reop", "unknown name 'reop' (did you mean 'repo'?)"},
		{`golb(ref, 'x')`, "golb", "unknown function 'golb' (did you mean 'glob'?)"},
		{
			`steps.convert.outputs.uri == ''`, "uri",
			"steps.convert.outputs has no field 'uri'; fields: pull_request (int), files (list)",
		},
		{`repo.name`, "repo", "if must be bool, got string"},
		{`comment == null`, "==", "nothing is ever null here; ask with has(), as in has(comment)"},
		{`repo.name == null`, "==", "nothing is ever null here; ask with has(), as in has(repo.name)"},
		{`repo.private && null != discussion.num`, "!=", "as in has(discussion.num)"},
		{`updatedRefs[0].newSha == null`, "==", "ask with has()"},
		{`repo.name.matches('[') && repo.private`, "'['", "missing closing ]"},
		{`matches(repo.name, '[')`, "'['", "missing closing ]"},
		{`timestamp('x') < timestamp('2024-01-01T00:00:00Z')`, "'x'", "is no time such as"},
		{`repo.private || duration('1 hour') > duration('90s')`, "'1 hour'", "is no duration such as 90s"},
		{` `, "", "the expression is empty"},
		{`[1].all(1)`, "all", "all takes other arguments: list.all(x, condition)"},
		{`has_tag()`, "has_tag", "has_tag takes other arguments: has_tag('license:*')"},
		{`repo.private && success ()`, "success", "success() exists only in the if of a step"},
		{`vars.og == ''`, "og", "undefined field 'og' (did you mean 'org'?)"},
		{`repo.name == 3`, "==", "'==' does not take (string, int)"},
		{`repo.name = 'x'`, "= ", "syntax error: = compares nothing; equality is =="},
		{`repo.name ==`, "", "syntax error: mismatched input 'the end of the expression'"},
		{`files.exists(f, changed.exists(c, c == f))`, "", "expression may cost"},
		{`changed.all(f, f in files)`, "", "expression may cost"},
		{"repo.private &&\n  changed.exists(c, c == '') && changed.all(f, f in files)", "changed.all", "expression may cost"},
		{"${{ repo.name }}", "repo", "if must be bool, got string"},
		{`comment.content.replace('a', comment.content) != ''`, "", "expression may cost 4.3e9 steps (limit 1e7)"},
		{`files.map(f, files.join(',')).size() > 0`, "", "expression may cost"},
		{`has(files)`, "files", "has(files) says nothing"},
		{`repo.private && glob(ref, '[a')`, "'[a'", `the pattern "[a" is malformed`},
		{`${{ repo.nmae == 'x' }}`, "nmae", "undefined field 'nmae'"},
		{"repo.private &&\n  repo.nmae == 'x'", "nmae", "undefined field 'nmae'"},
		{`${{ repo.private`, "${{", "is not closed"},
		{`${{ repo.private }} && true`, "", "put the whole expression inside one"},
	}
	env := newEnv(t, richOptions)
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			t.Parallel()
			_, err := env.Condition(tt.src)
			var issues expr.Issues
			if !errors.As(err, &issues) {
				t.Fatalf("got %v, want issues", err)
			}
			if !strings.Contains(issues[0].Message, tt.want) {
				t.Errorf("got %q, want %q", issues[0].Message, tt.want)
			}
			if rest := string([]rune(tt.src)[issues[0].Offset:]); !strings.HasPrefix(rest, tt.at) {
				t.Errorf("points at %q, want %q", rest, tt.at)
			}
		})
	}
}

func TestOneLoopIsAlwaysAccepted(t *testing.T) {
	t.Parallel()
	env := newEnv(t, expr.Options{})
	for _, src := range []string{
		`files.exists(f, f.matches('^(a|b|c|d|e|f|g|h)+[a-z0-9_-]{1,80}/.*\\.(bin|pt|pth|ckpt|pkl|pickle)$'))`,
		`comment.content.split('\n').exists(l, l.startsWith('x') && l.contains('y'))`,
		`changed.filter(c, glob(c, '**/*.bin')).size() > 3`,
		`files.filter(f, f.matches('^(a|b|c|d|e|f|g|h)+[a-z0-9_-]{1,80}/.*$')).map(f, '- ' + f).join(', ') != ''`,
		`comment.content.replace('\n', '<br>').contains('x')`,
	} {
		if _, err := env.Condition(src); err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestKnownFacts(t *testing.T) {
	t.Parallel()
	p, err := newEnv(t, expr.Options{}).Condition(`size(files) > 0`)
	if err != nil {
		t.Fatal(err)
	}
	in := &expr.Input{Body: payload(t, "10"), Facts: richFacts()}
	if _, err := p.Bool(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, ok := in.Known()["files"]; !ok || len(in.Known()) != 1 {
		t.Errorf("known: %v", in.Known())
	}
	if !slices.Equal(p.Facts(), []string{"files"}) {
		t.Errorf("facts: %v", p.Facts())
	}
}

func TestLazySHA(t *testing.T) {
	t.Parallel()
	env := newEnv(t, expr.Options{})
	for _, tt := range []struct {
		src  string
		want []string
	}{
		{`discussion.num == 3 && sha == 'abc'`, nil},
		{`sha == 'abc' && discussion.num == 8`, []string{"sha"}},
	} {
		p, err := env.Condition(tt.src)
		if err != nil {
			t.Fatal(err)
		}
		facts := &counting{values: map[string]any{"sha": "abc"}}
		in := &expr.Input{Body: payload(t, "41"), LazySHA: true, Facts: facts}
		ok, err := p.Bool(t.Context(), in)
		if err != nil || ok != (tt.want != nil) {
			t.Errorf("%s: got %v, %v", tt.src, ok, err)
		}
		if diff := cmp.Diff(tt.want, facts.asked); diff != "" {
			t.Errorf("%s: looked up (-want +got):\n%s", tt.src, diff)
		}
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	p, err := newEnv(t, expr.Options{}).Condition("repo.private &&\n  " +
		"has_tag('gguf') && size(files) > 0 && updatedRefs[9].ref == ''")
	if err != nil {
		t.Fatal(err)
	}
	in := &expr.Input{Body: payload(t, "20")}
	got, err := p.Trace(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	want := []expr.Conjunct{
		{Text: "repo.private", Offset: 0, Known: true, Got: "repo.private = false"},
		{Text: `has_tag("gguf")`, Offset: 18, Known: true, Got: `tags = ["license:other", "has_space"]`},
		{Text: "size(files) > 0", Offset: 37, Got: "not fetched: files"},
		{Text: `updatedRefs[9].ref == ""`, Offset: 56, Known: true, Got: "error: index out of bounds: 9"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
