package builtin

import (
	"strings"
	"testing"
)

func TestMarkerKey(t *testing.T) {
	t.Parallel()
	tests := []struct{ key, want string }{
		{"welcome", "welcome"},
		{"a-b_c.d:e/f@g", "a-b_c.d:e/f@g"},
		{"a--b", "a-%2Db"},
		{"-->", "%2D%2D%3E"},
		{"-a-", "%2Da%2D"},
		{"x y", "x%20y"},
		{"é%", "%C3%A9%25"},
		{"a\nb", "a%0Ab"},
		{strings.Repeat("k", 200), hashKey(strings.Repeat("k", 200))},
	}
	for _, test := range tests {
		if got := markerKey(test.key); got != test.want {
			t.Errorf("markerKey(%q) = %q, want %q", test.key, got, test.want)
		}
	}
}

func FuzzMarkerKey(f *testing.F) {
	f.Add("a", "b")
	f.Add("--", "%2D-")
	f.Add("-->", "")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := markerKey(a)
		if strings.Contains(got, "--") || strings.ContainsAny(got, "<> \n") || len(got) > maxMarkerKey {
			t.Errorf("markerKey(%q) = %q breaks an HTML comment", a, got)
		}
		if a != b && got == markerKey(b) {
			t.Errorf("%q and %q have the same key %q", a, b, got)
		}
	})
}

func TestMarkerCountsOnlyAtTheEnd(t *testing.T) {
	t.Parallel()
	const marker = "<!-- hfbot:comment key=a -->"
	if !endsWith("text\n\n"+marker+"\n", marker) {
		t.Error("a marker at the end is not found")
	}
	if endsWith("> "+marker+"\n\nquoted", marker) {
		t.Error("a quoted marker counts")
	}
}
