package rule_test

import (
	"testing"

	"github.com/hfbot/hfbot/bot/rule"
)

func TestOutcomeWords(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]rule.Outcome{
		"this was done before (once_per)": {Verdict: rule.VerdictSkipped, Reason: "once"},
		"something new":                   {Verdict: rule.VerdictSkipped, Reason: "something new"},
		"the Hub does not answer":         {Verdict: rule.VerdictError, Reason: "the Hub does not answer"},
		"on: wanted a, got b":             {Verdict: rule.VerdictNotMatched, Reason: "on: wanted a, got b"},
	} {
		if got := o.Words(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for want, c := range map[string]rule.Clause{
		"yes": {OK: true}, "no": {OK: false, Got: "b"}, "unknown": {OK: false, Got: "not fetched (decided before)"},
	} {
		if got := c.Mark(); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
	if got := rule.Caret("\tif: x", 6); got != "\t    ^" {
		t.Errorf("caret %q", got)
	}
}
