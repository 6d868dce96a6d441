package emulator

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRepoSettings(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	model := l.makeRepo("model", "m", "")
	space := l.makeRepo("space", "s", `,"sdk":"docker"`)
	for _, bad := range []string{
		`{"visibility":"hidden"}`, `{"visibility":"protected"}`, `{"gated":true}`, `{"gated":"maybe"}`,
		`{"discussionsSorting":"loudest"}`, `{"gatedNotificationsMode":"never"}`,
	} {
		l.call("ann", "PUT", model+"/settings", bad, 400)
	}
	want := map[string]any{
		"private": true, "visibility": "private", "gated": "auto", "discussionsDisabled": true, "orgMembersGated": true,
		"discussionsSorting": "trending", "gatedNotificationsMode": "bulk", "gatedNotificationsEmail": "ann@example.com",
	}
	got := l.call("ann", "PUT", model+"/settings", `{"visibility":"private","gated":"auto","discussionsDisabled":true,
		"orgMembersGated":true,"discussionsSorting":"trending","gatedNotificationsMode":"bulk",
		"gatedNotificationsEmail":"ann@example.com"}`, 200)
	if diff := cmp.Diff(any(want), got.body); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	l.call("bob", "GET", model, "", 404)
	l.call("ann", "PUT", space+"/settings", `{"visibility":"protected"}`, 200)
	l.call("bob", "GET", space, "", 404)
	l.call("ann", "PUT", model+"/settings", `{"visibility":"public","gated":false}`, 200)
	if info := l.call("bob", "GET", model, "", 200); info.field("gated") != false {
		t.Errorf("gated: %v", info.field("gated"))
	}
}
