package emulator

import "testing"

func TestPlainURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://bot.test/in?secret=q#part": "https://bot.test/in",
		"http://user:pass@bot.test:8080/":   "http://bot.test:8080/",
		"http://bot.test":                   "http://bot.test",
		"http://bot.test/\x00":              "",
	} {
		if got := plainURL(address); got != want {
			t.Errorf("plainURL(%q) is %q, want %q", address, got, want)
		}
	}
}
