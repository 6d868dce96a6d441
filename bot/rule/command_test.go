package rule_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/rule"
)

func TestInvocations(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, comment string
		want          []rule.Invocation
	}{
		{"alone", "/convert", []rule.Invocation{{Name: "/convert", Words: []string{}, Line: 1}}},
		{"words", "Hi!\r\n/convert bf16  x=1 \r\n", []rule.Invocation{
			{Name: "/convert", Words: []string{"bf16", "x=1"}, Line: 2},
		}},
		{"quotes", `/say "two words" 'it is' a\b "q\"x" ""`, []rule.Invocation{
			{Name: "/say", Words: []string{"two words", "it is", `a\b`, `q"x`, ""}, Line: 1},
		}},
		{"open quote", `/say "two`, nil},
		{"not at the start", "please /convert\n /convert\n\t/convert", nil},
		{"quoted text", "> /convert\n>/convert", nil},
		{"code fence", "```\n/convert\n```\n~~~~ sh\n/convert\n~~~\n/convert\n~~~~\n/label", []rule.Invocation{
			{Name: "/label", Words: []string{}, Line: 9},
		}},
		{"open fence", "```\n/convert", nil},
		{"quotes in the name", `/con""vert`, nil},
		{"code on one line", "```x``` is code\n/a", []rule.Invocation{{Name: "/a", Words: []string{}, Line: 2}}},
		{"fence in a list", "- 1. ```\n     /a\n/b\n     ```\n/c", []rule.Invocation{{Name: "/c", Words: []string{}, Line: 5}}},
		{"hidden", "<!-- hint:\n/a\n--> <!--\n\n/b\n-->\n/c <!--\n/d", []rule.Invocation{
			{Name: "/c", Words: []string{"<!--"}, Line: 7},
		}},
		{"preformatted", "<PRE class=x>\n/a\n</pre>\n/b", []rule.Invocation{{Name: "/b", Words: []string{}, Line: 4}}},
		{"not shown", "<script>\n/a\n</script><style>\n/b\n</style>\n<textarea>\n/c\n</textarea>\n/d", []rule.Invocation{
			{Name: "/d", Words: []string{}, Line: 9},
		}},
		{"shown on one line", "<!-- x -->\n/a\nuse `<!--` or `<pre>`\n/b", []rule.Invocation{
			{Name: "/a", Words: []string{}, Line: 2}, {Name: "/b", Words: []string{}, Line: 4},
		}},
		{"old line ends", "a\r/b\r> /c", []rule.Invocation{{Name: "/b", Words: []string{}, Line: 2}}},
		{"look-alikes", "／a\n/а\n\u200b/a\n/a\u200b\n/a\x00", nil},
		{"inline code", "`/convert`", nil},
		{"a path", "/home/me is full\n/Convert\n//x\n/", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, rule.Invocations(tt.comment)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzInvocations(f *testing.F) {
	f.Add("/convert a=\"b c\"\n```\n/x\n```")
	f.Add("/x 'a\n> /y")
	f.Add("<!-- `<pre>\r/x\n--> - ~~~\n  ~~~\n/y")
	f.Fuzz(func(t *testing.T, comment string) {
		for _, inv := range rule.Invocations(comment) {
			lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(comment), "\n")
			if !strings.HasPrefix(lines[inv.Line-1], inv.Name) {
				t.Errorf("line %d does not begin with %s", inv.Line, inv.Name)
			}
		}
	})
}

var convert = &rule.Command{Name: "/convert", Args: []rule.Arg{
	{Name: "dtype", Type: "string", Enum: []string{"keep", "bf16"}, Default: "keep"},
	{Name: "count", Type: "int"},
	{Name: "dry", Type: "bool"},
}}

func TestCommandParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		words string
		want  map[string]any
		err   string
	}{
		{"", map[string]any{"dtype": "keep", "count": int64(0), "dry": false}, ""},
		{"bf16 3", map[string]any{"dtype": "bf16", "count": int64(3), "dry": false}, ""},
		{"count=3 bf16", map[string]any{"dtype": "bf16", "count": int64(3), "dry": false}, ""},
		{"--dry true --count=4", map[string]any{"dtype": "keep", "count": int64(4), "dry": true}, ""},
		{"bf61", nil, `dtype must be one of keep, bf16, got "bf61" (did you mean "bf16"?)`},
		{"count=x", nil, `count must be int, got "x"`},
		{"--nope 1", nil, `there is no argument "nope"`},
		{"--count", nil, "count has no value"},
		{"count=3 count=4", nil, "count is given twice"},
		{"bf16 dtype=keep", nil, "dtype is given twice"},
		{"keep 1 true more", nil, `"more" is one argument too many`},
	}
	for _, tt := range tests {
		t.Run(tt.words, func(t *testing.T) {
			t.Parallel()
			got, err := convert.Parse(strings.Fields(tt.words))
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Fatalf("got error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// comment is a delivery of a new comment by the author with the id given, in a discussion that "opener" opened.
func comment(t *testing.T, author, content string) rule.Delivery {
	t.Helper()
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return deliver(t, []byte(`{"event":{"action":"create","scope":"discussion.comment"},"repo":{"type":"model",
		"name":"a/b","id":"1","owner":{"id":"2"}},"discussion":{"id":"d","num":1,"author":{"id":"opener"}},
		"comment":{"id":"c","author":{"id":"`+author+`"},"content":`+string(text)+`},"webhook":{"id":"3","version":3}}`))
}

func TestCommands(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, allow, author, content, role string
		want                               rule.Verdict
		refusal                            string
		asked                              int
	}{
		{"writer", "[write]", "x", "/convert bf16", "write", rule.VerdictMatched, "", 1},
		{"admin", "[write]", "x", "/convert", "admin", rule.VerdictMatched, "", 1},
		{"reader", "[write]", "x", "/convert", "read", rule.VerdictNotMatched, "`/convert` is for people with write access.", 1},
		{"anyone", "[anyone]", "x", "/convert", "read", rule.VerdictMatched, "", 0},
		{"opener", "[author]", "opener", "/convert", "read", rule.VerdictMatched, "", 0},
		{"not opener", "[author]", "x", "/convert", "admin", rule.VerdictNotMatched, "`/convert` is for the author of the discussion.", 0},
		{"by name", "['user:ada']", "x", "/convert", "read", rule.VerdictMatched, "", 1},
		{"by name, written otherwise", "['user:Ada']", "x", "/convert", "read", rule.VerdictMatched, "", 1},
		{"no command", "[write]", "x", "I like to /convert", "write", rule.VerdictNotMatched, "", 0},
		{"other command", "[write]", "x", "/label", "write", rule.VerdictNotMatched, "", 0},
		{
			"bad argument", "[write]", "x", "/convert fp8", "write", rule.VerdictNotMatched,
			"`/convert` did not run:\n\n    dtype must be one of keep, bf16, got \"fp8\"\n\n" +
				"Usage: `/convert [dtype=keep|bf16]`", 1,
		},
		{
			"bad argument of a stranger", "[write]", "x", "/convert @everybody", "read", rule.VerdictNotMatched,
			"`/convert` is for people with write access.", 1,
		},
		{
			"contributor", "[write]", "x", "/convert", "contributor", rule.VerdictNotMatched,
			"`/convert` is for people with write access.", 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			facts := &counting{values: map[string]any{"author": map[string]any{"name": "ada", "role": tt.role}}}
			keys := "on: {command: {name: /convert, allow: " + tt.allow +
				", args: {dtype: {enum: [keep, bf16], default: keep}}}}"
			got := one(t, keys, comment(t, tt.author, tt.content), facts.at)[0]
			checkOutcome(t, got)
			refusal := ""
			if got.Refusal != nil {
				refusal = got.Refusal.Why
			}
			if got.Verdict != tt.want || refusal != tt.refusal || len(facts.asked) != tt.asked {
				t.Errorf("got %s, %q, %d look-ups; want %s, %q, %d: %+v",
					got.Verdict, refusal, len(facts.asked), tt.want, tt.refusal, tt.asked, got.Clauses)
			}
		})
	}
}
