package bot_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// eventually waits for a condition; the stage's context bounds it.
func (s *stage) eventually(what string, ok func() bool) {
	s.t.Helper()
	for tick := time.Tick(10 * time.Millisecond); !ok(); {
		select {
		case <-s.ctx.Done():
			s.t.Fatal("never: " + what)
		case <-tick:
		}
	}
}

// get reads a page of the bot.
func (s *stage) get(path string) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.bot.URL()+path, http.NoBody)
	s.must(err)
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	s.must(err)
	return string(text)
}

func (s *stage) writeRules(text string) {
	s.t.Helper()
	s.must(os.WriteFile(filepath.Join(s.dir, "rules.yaml"), []byte(text), 0o600))
}

// TestHotReload edits the rules of a running bot: good ones are taken, bad ones leave the last good ones in force and
// every place says so, and what is mended is taken again.
func TestHotReload(t *testing.T) {
	t.Parallel()
	s := newStage(t, welcome)
	firstRule := func() string { return s.bot.Rules().Rules[0].ID }
	s.writeRules(strings.Replace(welcome, "id: welcome", "id: hello", 1))
	s.eventually("the new rule is in force", func() bool { return firstRule() == "hello" })

	s.writeRules(strings.Replace(welcome, "uses:", "usse:", 1))
	s.eventually("the mistake is noticed", func() bool { return s.bot.RuleProblems().HasErrors() })
	if firstRule() != "hello" {
		t.Errorf("bad rules took the place of good ones: %s", firstRule())
	}
	for path, want := range map[string]string{
		"/readyz":       "the last good rules stay in force",
		"/rules":        "unknown field &#34;usse&#34;",
		"/":             "The last good rules stay in force",
		"/api/v1/rules": `(did you mean \"uses\"?)`,
	} {
		if got := s.get(path); !strings.Contains(got, want) {
			t.Errorf("%s does not say that the files are bad:\n%s", path, got)
		}
	}

	s.must(os.Remove(filepath.Join(s.dir, "rules.yaml")))
	s.eventually("the missing file is noticed", func() bool {
		return strings.Contains(s.bot.RuleProblems().Error(), "no such file")
	})
	s.writeRules(welcome)
	s.eventually("the mended rules are in force", func() bool { return firstRule() == "welcome" })
	if problems := s.bot.RuleProblems(); problems != nil {
		t.Errorf("mended, and still %v", problems)
	}
	if got := s.get("/readyz"); !strings.Contains(got, `"rules":"ok"`) {
		t.Errorf("/readyz: %s", got)
	}
}
