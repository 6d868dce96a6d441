package hub_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

func TestValidateCard(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		answer string
		want   *hub.CardReport
	}{
		"good": {200, `{"errors":[],"warnings":[]}`, &hub.CardReport{}},
		"odd": {
			200, `{"errors":[],"warnings":[{"message":"no license"},{"message":"no tags"}]}`,
			&hub.CardReport{Warnings: []string{"no license", "no tags"}},
		},
		"bad": {
			400, `{"errors":[{"message":"\"license\" must be one of"}],"warnings":[{"message":"no tags"}]}`,
			&hub.CardReport{Errors: []string{`"license" must be one of`}, Warnings: []string{"no tags"}},
		},
		"refused": {403, `{"error":"no"}`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, exchange{
				call: "POST /api/validate-yaml", body: `{"content":"---\nlicense: x\n---\n","repoType":"model"}`,
				status: test.status, answer: test.answer,
			}).ReadOnly()
			got, err := client.ValidateCard(t.Context(), hub.Model, "---\nlicense: x\n---\n")
			if (err != nil) != (test.want == nil) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("report differs (-want +got):\n%s", diff)
			}
		})
	}
}
