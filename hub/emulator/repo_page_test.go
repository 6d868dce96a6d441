package emulator

import (
	"strings"
	"testing"
)

func TestRepoPages(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "m", "")
	l.makeRepo("model", "secret", `,"private":true`)
	l.commit("ann", api, "main", "", "<b>.txt", "text")
	l.commit("bob", api, "main", "?create_pr=1", "added.txt", "<script>alert(1)</script>")
	l.call("bob", "POST", api+"/discussions", `{"title":"<i>Why</i>?","description":"<script>alert(2)</script>"}`, 200)
	for path, want := range map[string]string{
		"/": `href="/ann/m"`, "/ann/m": "&lt;b&gt;.txt", "/ann/m/discussions": "&lt;i&gt;Why&lt;/i&gt;?",
		"/ann/m/discussions/1": `<span class="add">`, "/ann/m/discussions/2": "&lt;script&gt;alert(2)",
		"/assets/style.css": "font-family",
	} {
		status, text := l.read("", path)
		if status != 200 || !strings.Contains(text, want) {
			t.Errorf("%s: %d lacks %q:\n%s", path, status, want, text)
		}
		if strings.Contains(text, "<script") || strings.Contains(text, "secret") {
			t.Errorf("%s shows what it must not:\n%s", path, text)
		}
	}
	if status, _ := l.read("", "/ann/secret"); status != 401 {
		t.Errorf("a private repository's page: %d", status)
	}
	if status, _ := l.read("", "/ann/m/discussions/9"); status != 404 {
		t.Errorf("a missing discussion: %d", status)
	}
}
