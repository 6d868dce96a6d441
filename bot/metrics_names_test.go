package bot

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hfbot/hfbot/bot/store"
)

// TestDocumentedMetricsExist looks for each number that docs/operations.md says to watch.
func TestDocumentedMetricsExist(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	m := newMetrics(s)
	m.registry.MustRegister(stock{store: s})
	described := make(chan *prometheus.Desc)
	go func() {
		m.registry.Describe(described)
		close(described)
	}()
	var there strings.Builder
	for d := range described {
		there.WriteString(d.String())
	}
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`(hfbot_[a-z_]+)").FindAllStringSubmatch(string(text), -1)
	if len(names) < 10 {
		t.Errorf("the document names %d metrics", len(names))
	}
	for _, name := range names {
		if !strings.Contains(there.String(), `"`+name[1]+`"`) {
			t.Errorf("there is no %s", name[1])
		}
	}
}
