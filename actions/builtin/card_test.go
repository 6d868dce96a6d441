package builtin

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const oldCard = `---
# who made it
tags:
- "a" # first
- b

license: 'mit'   # checked
model-index:
  - name: x
    results: []
# the end
---

# A model

---
not front matter
---
`

func TestCardPatch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text   string
		values map[string]any
		want   string
	}{
		"another value": {
			oldCard,
			map[string]any{"license": "apache-2.0"},
			strings.Replace(oldCard, "license: 'mit'   # checked", "license: apache-2.0", 1),
		},
		"a list": {
			oldCard,
			map[string]any{"tags": []any{"c"}},
			strings.Replace(oldCard, "tags:\n- \"a\" # first\n- b\n", "tags:\n  - c\n", 1),
		},
		"a new key": {
			oldCard,
			map[string]any{"language": []any{"no", "en"}},
			strings.Replace(oldCard, "# the end\n", "# the end\nlanguage:\n  - \"no\"\n  - en\n", 1),
		},
		"removed": {
			oldCard,
			map[string]any{"license": nil},
			strings.Replace(oldCard, "license: 'mit'   # checked\n", "", 1),
		},
		"the last key": {
			oldCard,
			map[string]any{"model-index": nil},
			strings.Replace(oldCard, "model-index:\n  - name: x\n    results: []\n", "", 1),
		},
		"no front matter": {"# A model\n", map[string]any{"license": "mit"}, "---\nlicense: mit\n---\n# A model\n"},
		"no card":         {"", map[string]any{"license": "mit"}, "---\nlicense: mit\n---\n"},
		"empty":           {"---\n---\nx", map[string]any{"license": "mit"}, "---\nlicense: mit\n---\nx"},
		"Windows": {
			"\ufeff---\r\na: 1\r\nlicense: mit\r\n---\r\nx\r\n",
			map[string]any{"license": "gpl"},
			"\ufeff---\r\na: 1\r\nlicense: gpl\r\n---\r\nx\r\n",
		},
		"a block of text": {
			"---\na: |\n  # b\n\n  c: d\ne: f\n---\n", map[string]any{"a": "x"}, "---\na: x\ne: f\n---\n",
		},
		"hostile value": {
			"---\na: b\n---\n", map[string]any{"license": "x\n---\nevil: true"}, "",
		},
		"flow":    {"---\n{a: b}\n---\n", map[string]any{"license": "mit"}, ""},
		"anchors": {"---\na: &x [1]\nb: *x\n---\n", map[string]any{"a": "y"}, ""},
		"twice":   {"---\na: 1\na: 2\n---\n", map[string]any{"a": "y"}, ""},
		"no end":  {"---\na: 1\n", map[string]any{"a": "y"}, ""},
		"bad key": {"---\na: 1\n---\n", map[string]any{"b: c\nd": "y"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var keys []string
			for key := range test.values {
				keys = append(keys, key)
			}
			slices.Sort(keys)
			got, err := parseCard(test.text).patch(keys, test.values)
			if name == "hostile value" && err == nil {
				after := parseCard(got)
				if after.metadata["license"] != test.values["license"] || after.metadata["evil"] != nil {
					t.Errorf("the value reaches out of its key:\n%s", got)
				}
				return
			}
			if (err != nil) != (test.want == "") {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzCardPatch(f *testing.F) {
	f.Add(oldCard, "license", "mit")
	f.Add("---\r\na: |\n x\n---\n", "a", "- y")
	f.Add("# text", "a", "")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		c := parseCard(text)
		if c.before+c.front+c.after != text {
			t.Fatal("the parts are not the whole")
		}
		got, err := c.patch([]string{key}, map[string]any{key: value})
		if err != nil {
			return
		}
		after := parseCard(got)
		plain, err := throughYAML(value)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain, after.metadata[key]); diff != "" {
			t.Errorf("%s reads otherwise than it was set:\n%s", key, diff)
		}
	})
}

func TestProse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"---\na: b\n---\nhello\n<!-- not\nseen -->\n": "hello", "hello": "hello", "---\na: b\n---": "", "\ufeffhi": "hi",
	} {
		if got := parseCard(text).prose(); got != want {
			t.Errorf("prose of %q is %q, want %q", text, got, want)
		}
	}
}
