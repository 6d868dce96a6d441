package emulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

const (
	hooksPath = "/api/settings/webhooks"
	someHook  = `{"url":"http://bot.test/in?secret=q","watched":[{"type":"model","name":"ann/tiny"}],` +
		`"domains":["repo"],"secret":"shh"}`
)

func TestWebhookSettings(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	made := l.call("bob", "POST", hooksPath, someHook, 200)
	id, _ := made.field("webhook", "id").(string)
	if !objectID.MatchString(id) {
		t.Errorf("id %q", id)
	}
	want := map[string]any{
		"id": id, "url": "http://bot.test/in?secret=q", "disabled": false, "hasSecret": true,
		"watched": []any{map[string]any{"type": "model", "name": "ann/tiny"}}, "domains": []any{"repo"},
	}
	if diff := cmp.Diff(map[string]any{"webhook": want}, made.body); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{want}, l.call("bob", "GET", hooksPath, "", 200).body); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	path := hooksPath + "/" + id
	if diff := cmp.Diff(map[string]any{"webhook": want}, l.call("bob", "GET", path, "", 200).body); diff != "" {
		t.Errorf("one (-want +got):\n%s", diff)
	}

	for _, action := range []string{"disable", "enable"} {
		want["disabled"] = action == "disable"
		got := l.call("bob", "POST", path+"/"+action, "", 200)
		if diff := cmp.Diff(map[string]any{"webhook": want}, got.body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", action, diff)
		}
	}

	want["watched"], want["domains"], want["hasSecret"] = []any{}, []any{"repo", "discussion"}, false
	updated := l.call("bob", "POST", path, `{"watched":[],"domains":["repo","discussion","repo"]}`, 200)
	if diff := cmp.Diff(map[string]any{"webhook": want}, updated.body); diff != "" {
		t.Errorf("an update replaces all but a missing url (-want +got):\n%s", diff)
	}
	l.call("bob", "DELETE", path, "", 200)
	l.call("bob", "GET", path, "", 404)
	if diff := cmp.Diff([]any{}, l.call("bob", "GET", hooksPath, "", 200).body); diff != "" {
		t.Errorf("list after delete (-want +got):\n%s", diff)
	}
}

func TestWebhooksBelongToTheirAccount(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	path := hooksPath + "/" + l.call("bob", "POST", hooksPath, someHook, 200).field("webhook", "id").(string)
	if list := l.call("ann", "GET", hooksPath, "", 200).body.([]any); len(list) != 0 {
		t.Errorf("ann sees %v", list)
	}
	for _, call := range [][2]string{
		{"GET", path},
		{"POST", path},
		{"DELETE", path},
		{"POST", path + "/enable"},
		{"POST", path + "/disable"},
		{"GET", path + "/logs"},
		{"POST", path + "/replay/" + strings.Repeat("0", 24)},
	} {
		l.call("ann", call[0], call[1], "", 404)
		l.call("", call[0], call[1], "", 401)
	}
	l.call("", "GET", hooksPath, "", 401)
	l.call("", "POST", hooksPath, someHook, 401)
}

func TestWebhookInput(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	for _, test := range []struct{ name, input, problem string }{
		{"no url", `{"watched":[],"domains":["repo"]}`, "url"},
		{"relative url", `{"url":"/in","watched":[],"domains":["repo"]}`, "url"},
		{"other scheme", `{"url":"ftp://bot.test","watched":[],"domains":["repo"]}`, "url"},
		{"no watched", `{"url":"http://bot.test","domains":["repo"]}`, "watched"},
		{"no domains", `{"url":"http://bot.test","watched":[]}`, "domains"},
		{"wrong kind", `{"url":"http://bot.test","watched":[{"type":"team","name":"x"}],"domains":["repo"]}`, "team"},
		{"no name", `{"url":"http://bot.test","watched":[{"type":"user","name":""}],"domains":["repo"]}`, "name"},
		{"empty domains", `{"url":"http://bot.test","watched":[],"domains":[]}`, "domains"},
		{"wrong domain", `{"url":"http://bot.test","watched":[],"domains":["discussions"]}`, "discussions"},
		{"secret with a line break", `{"url":"http://bot.test","watched":[],"domains":["repo"],"secret":"a\nb"}`, "secret"},
		{"secret beyond ASCII", `{"url":"http://bot.test","watched":[],"domains":["repo"],"secret":"é"}`, "secret"},
		{"a job", `{"job":{"flavor":"cpu-basic"},"watched":[],"domains":["repo"]}`, "Job"},
		{"a job's source", `{"jobSourceId":"x","watched":[],"domains":["repo"]}`, "Job"},
		{"no JSON", `[`, "JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := l.call("bob", "POST", hooksPath, test.input, 400)
			if message, _ := got.field("error").(string); !strings.Contains(message, test.problem) {
				t.Errorf("error %q does not name %q", message, test.problem)
			}
		})
	}
}

func TestWebhookWants(t *testing.T) {
	t.Parallel()
	tiny := hub.RepoRef{Type: hub.Model, Name: "ann/tiny"}
	for _, test := range []struct {
		watched hub.Watched
		domain  string
		scope   string
		repo    hub.RepoRef
		want    bool
	}{
		{hub.Watched{Type: "model", Name: "ann/tiny"}, "repo", "repo", tiny, true},
		{hub.Watched{Type: "model", Name: "Ann/Tiny"}, "repo", "repo.content", tiny, true},
		{hub.Watched{Type: "model", Name: "ann/tiny"}, "repo", "discussion", tiny, false},
		{hub.Watched{Type: "model", Name: "ann/tiny"}, "discussion", "discussion.comment", tiny, true},
		{hub.Watched{Type: "model", Name: "ann/tiny"}, "repo", "repository", tiny, false},
		{hub.Watched{Type: "dataset", Name: "ann/tiny"}, "repo", "repo", tiny, false},
		{hub.Watched{Type: "model", Name: "ann/tin"}, "repo", "repo", tiny, false},
		{hub.Watched{Type: "user", Name: "ann"}, "repo", "repo", tiny, true},
		{hub.Watched{Type: "org", Name: "ANN"}, "repo", "repo", tiny, true},
		{hub.Watched{Type: "user", Name: "an"}, "repo", "repo", tiny, false},
	} {
		settings := webhookSettings{watched: []hub.Watched{test.watched}, domains: []string{test.domain}}
		if got := settings.wants(hub.Event{Scope: test.scope}, test.repo); got != test.want {
			t.Errorf("%v with %s wants %s: %v, want %v", test.watched, test.domain, test.scope, got, test.want)
		}
	}
}

func TestWebhookSeesPrivateReposOfItsAccountOnly(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	own, other := startReceiver(t, nil), startReceiver(t, nil)
	l.watch("ann", own.URL)
	l.watch("bob", other.URL)
	repo := l.makeRepo("model", "secret", `,"private":true`)
	l.commit("ann", repo, "main", "", "a.txt", "text")
	if got := l.settle(own); len(got) != 2 {
		t.Errorf("the owner got %d deliveries, want 2", len(got))
	}
	if got := l.settle(other); len(got) != 0 {
		t.Errorf("a stranger was told %s", got[0].raw)
	}
}

func TestWebhookFollowsAMove(t *testing.T) {
	t.Parallel()
	l, r := startLocal(t, Options{}), startReceiver(t, nil)
	l.makeRepo("model", "tiny", "")
	l.call("bob", "POST", hooksPath, fmt.Sprintf(
		`{"url":%q,"watched":[{"type":"model","name":"ann/tiny"}],"domains":["repo"]}`, r.URL), 200)
	l.call("ann", "POST", "/api/repos/move", `{"fromRepo":"ann/tiny","toRepo":"ann/small","type":"model"}`, 200)
	l.commit("ann", "/api/models/ann/small", "main", "", "a.txt", "text")
	names := map[string]any{}
	for _, got := range l.settle(r) {
		names[got.event()] = got.body["repo"].(map[string]any)["name"]
	}
	want := map[string]any{"repo move": "ann/tiny", "repo.content update": "ann/small"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names told (-want +got):\n%s", diff)
	}
	if name := l.call("bob", "GET", hooksPath, "", 200).field(0, "watched", 0, "name"); name != "ann/small" {
		t.Errorf("the webhook watches %v", name)
	}
}

func TestWebhookTriggers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hook := testHook(DeliveryPolicy{})
		for range 3 {
			hook.trigger(time.Now(), 0)
		}
		time.Sleep(23 * time.Hour)
		if !hook.trigger(time.Now(), 4) || hook.trigger(time.Now(), 4) {
			t.Error("a limit of 4 must allow the fourth trigger and refuse the fifth")
		}
		if got := hook.view(); hook.triggers.last24h(time.Now()) != 4 || got.LastTriggerAt != timestamp(time.Now()) {
			t.Errorf("%d triggers, the last at %s", hook.triggers.last24h(time.Now()), got.LastTriggerAt)
		}
		time.Sleep(time.Hour)
		if got := hook.triggers.last24h(time.Now()); got != 1 {
			t.Errorf("%d triggers after a day, want 1", got)
		}
	})
}

func FuzzWebhookInput(f *testing.F) {
	f.Add([]byte(someHook), false)
	f.Add([]byte(`{"watched":[{"type":"user","name":"ann"}],"domains":["discussion"],"secret":"\u007f"}`), true)
	f.Fuzz(func(t *testing.T, body []byte, update bool) {
		var in webhookInput
		if json.Unmarshal(body, &in) != nil {
			return
		}
		settings, err := in.settings(update)
		if err != nil {
			return
		}
		if settings.url != "" && !strings.HasPrefix(plainURL(settings.url), "http") {
			t.Errorf("accepted the url %q", settings.url)
		}
		if settings.url == "" && !update {
			t.Error("accepted a new webhook without a url")
		}
		if len(settings.domains) > len(webhookDomains) || len(settings.watched) > maxWatched {
			t.Errorf("accepted %d domains and %d watched", len(settings.domains), len(settings.watched))
		}
	})
}

// TestActivityOrder ends a try after one that began later; the newest is first all the same.
func TestActivityOrder(t *testing.T) {
	t.Parallel()
	var w webhook
	now := time.Now()
	for try, began := range []time.Duration{1, 3, 2} {
		w.record(&delivery{}, try+1, false, outcome{began: now.Add(began)})
	}
	var tries []int
	for _, each := range w.activity() {
		tries = append(tries, each.try)
	}
	if diff := cmp.Diff([]int{2, 3, 1}, tries); diff != "" {
		t.Errorf("activity (-want +got):\n%s", diff)
	}
}
