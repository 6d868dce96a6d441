package builtin

import "testing"

func TestPlainText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\tb\nc":                           "a\tb\nc",
		"\x1b[31mred\x1b[0m\x07":            "red",
		"\x1b]0;title\x07x\r":               "x",
		"l\u200er\u200fa\u061c":             "lra",
		"e\u202ao\u202ei\u2066p\u2069":      "eoip",
		"\xff":                              "\uFFFD",
		"\u05d0 joined\u200dby a ZWJ, kept": "\u05d0 joined\u200dby a ZWJ, kept",
	} {
		if got := plainText(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}
