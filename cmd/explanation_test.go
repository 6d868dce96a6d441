package cmd

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

func TestExplanationListsEachRuleOnce(t *testing.T) {
	t.Parallel()
	clause := []rule.Clause{{Clause: "refs", OK: true, Want: "x", Got: "x"}}
	got := newExplanation([]rule.Outcome{
		{RuleID: "a", Verdict: rule.VerdictNotMatched, Reason: "refs"},
		{RuleID: "b", Verdict: rule.VerdictError, Reason: "no files", Ref: "refs/heads/x", SHA: "1"},
		{
			RuleID: "b", Verdict: rule.VerdictMatched, Ref: "refs/heads/y", SHA: "2", Clauses: clause,
			Steps: []rule.StepView{{Uses: "hub.comment"}},
		},
		{RuleID: "b", Verdict: rule.VerdictSkipped, Reason: "once", Ref: "refs/heads/z", SHA: "3"},
	}, "a note")
	want := explanation{Note: "a note", Rules: []explainedRule{
		{
			ID: "a", Verdict: rule.VerdictNotMatched, Reason: "refs",
			Clauses: []rule.Clause{}, Steps: []rule.StepView{},
		},
		{
			ID: "b", Verdict: rule.VerdictMatched, Clauses: clause, Steps: []rule.StepView{{Uses: "hub.comment"}},
			Refs: []explainedRef{
				{"refs/heads/x", "1", rule.VerdictError, "no files"},
				{"refs/heads/y", "2", rule.VerdictMatched, ""},
				{"refs/heads/z", "3", rule.VerdictSkipped, "once"},
			},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("explanation (-want +got):\n%s", diff)
	}
}

func TestSkipOwn(t *testing.T) {
	t.Parallel()
	opened := &hub.Payload{
		Event: hub.Event{Scope: "discussion", Action: "create"}, Discussion: &hub.PayloadDiscussion{Author: hub.Owner{ID: "me"}},
	}
	commented := &hub.Payload{
		Event:      hub.Event{Scope: "discussion.comment", Action: "create"},
		Discussion: &hub.PayloadDiscussion{Author: hub.Owner{ID: "you"}}, Comment: &hub.PayloadComment{Author: hub.Owner{ID: "me"}},
	}
	byMe := givenFacts{"author": map[string]any{"id": "me"}}
	pushed := &hub.Payload{Event: hub.Event{Scope: "repo.content", Action: "update"}}
	for _, tc := range []struct {
		name    string
		payload *hub.Payload
		facts   givenFacts
		bot     string
		own     bool // the rule asks for own events
		want    rule.Verdict
		noted   bool
	}{
		{"the bot's discussion", opened, nil, "me", false, rule.VerdictSkipped, false},
		{"the bot's comment", commented, nil, "me", false, rule.VerdictSkipped, false},
		{"asked for", opened, nil, "me", true, rule.VerdictMatched, false},
		{"somebody else's", opened, nil, "it", false, rule.VerdictMatched, false},
		{"bot not named", opened, nil, "", false, rule.VerdictMatched, true},
		{"a push names nobody", pushed, nil, "me", false, rule.VerdictMatched, true},
		{"a push with its author", pushed, byMe, "me", false, rule.VerdictSkipped, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			outcomes := []rule.Outcome{{Verdict: rule.VerdictMatched, Rule: &rule.Rule{OwnEvents: tc.own}}}
			note := skipOwn(t.Context(), outcomes, tc.payload, explainedBy(tc.facts, nil, tc.payload), tc.bot, nil)
			if outcomes[0].Verdict != tc.want || (note != "") != tc.noted {
				t.Errorf("verdict %s, note %q; want %s, a note: %t", outcomes[0].Verdict, note, tc.want, tc.noted)
			}
		})
	}
}
