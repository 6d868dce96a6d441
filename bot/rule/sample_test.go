package rule

import (
	"testing"

	"github.com/hfbot/hfbot/bot/expr"
)

func TestSampleMatchesItsGlob(t *testing.T) {
	t.Parallel()
	for _, glob := range []string{
		"**/*.bin", "data/**", "acme/*", "*/model-?", "refs/heads/release-[0-9]*", "{a,b}/*.txt", "license:*", "plain",
	} {
		if got := sample(glob); !expr.Glob(got, glob) {
			t.Errorf("%q does not match %q", got, glob)
		}
	}
}
