package emulator

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDeliveryHeaders(t *testing.T) {
	t.Parallel()
	l, r := startLocal(t, Options{}), startReceiver(t, nil)
	repo := l.makeRepo("model", "tiny", "")
	l.watch("ann", r.URL+"/in?secret=q")
	l.call("bob", "POST", repo+"/discussions", `{"title":"first","description":"text"}`, 200)
	l.call("bob", "POST", repo+"/discussions", `{"title":"second","description":"text"}`, 200)
	got := l.settle(r)
	if len(got) != 2 {
		t.Fatalf("%d deliveries, want 2", len(got))
	}
	for name, want := range map[string]string{
		"X-Webhook-Secret": "shh", "Content-Type": "application/json", "User-Agent": deliveryAgent,
	} {
		if value := got[0].header.Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	if got[0].path != "/in?secret=q" {
		t.Errorf("path %q", got[0].path)
	}
	first, second := got[0].header.Get("Webhook-Id"), got[1].header.Get("Webhook-Id")
	if !objectID.MatchString(first) || first == second {
		t.Errorf("Webhook-Ids %q and %q", first, second)
	}
}

func TestDeliveryWithoutSecret(t *testing.T) {
	t.Parallel()
	l, r := startLocal(t, Options{}), startReceiver(t, nil)
	l.call("ann", "POST", hooksPath, fmt.Sprintf(
		`{"url":%q,"watched":[{"type":"user","name":"ann"}],"domains":["repo"]}`, r.URL), 200)
	l.makeRepo("model", "tiny", "")
	got := l.settle(r)
	if _, has := got[0].header["X-Webhook-Secret"]; has {
		t.Error("a webhook without a secret sends one")
	}
}

func TestDeliveryIsRetriedWithTheSameIDAndBody(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	r := startReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "who are you?")
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	reports := make(chan Delivery, 10)
	l := startLocal(t, Options{
		OnDelivery: func(d Delivery) { reports <- d },
		Deliveries: DeliveryPolicy{Retry: []time.Duration{time.Millisecond}},
	})
	hook := l.watch("ann", r.URL+"/in?secret=q")
	l.makeRepo("model", "tiny", "")
	got := l.settle(r)
	if len(got) != 2 || got[0].header.Get("Webhook-Id") != got[1].header.Get("Webhook-Id") {
		t.Fatalf("deliveries: %v", got)
	}
	if diff := cmp.Diff(string(got[0].raw), string(got[1].raw)); diff != "" {
		t.Errorf("the retry's body differs:\n%s", diff)
	}
	for i, status := range []int{401, 202} {
		want := Delivery{
			ID: got[0].header.Get("Webhook-Id"), WebhookID: strings.TrimPrefix(hook, hooksPath+"/"), URL: r.URL + "/in",
			Try: i + 1, Status: status, Body: got[0].raw,
		}
		if diff := cmp.Diff(want, <-reports); diff != "" {
			t.Errorf("report of try %d (-want +got):\n%s", i+1, diff)
		}
	}
	logs := l.call("ann", "GET", hook+"/logs", "", 200)
	for i, want := range []map[string]any{
		{"try": 2.0, "status": 202.0, "answer": nil, "url": r.URL + "/in", "replay": false},
		{"try": 1.0, "status": 401.0, "answer": "who are you?", "payload": string(got[0].raw), "repo": "ann/tiny"},
	} {
		for key, value := range want {
			if logs.field(i, key) != value {
				t.Errorf("activity %d: %s is %v, want %v", i, key, logs.field(i, key), value)
			}
		}
	}
}

func TestDeliveryFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	r := startReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	l := startLocal(t, Options{Deliveries: DeliveryPolicy{Retry: []time.Duration{}, SuspendAfter: 1}})
	hook := l.watch("ann", r.URL)
	l.makeRepo("model", "tiny", "")
	if got := l.settle(r); len(got) != 1 {
		t.Errorf("%d requests, want 1", len(got))
	}
	if state := l.call("ann", "GET", hook, "", 200).field("webhook", "disabled"); state != "suspended-after-failure" {
		t.Errorf("disabled is %v, want suspended-after-failure", state)
	}
	if state := l.call("ann", "POST", hook+"/enable", "", 200).field("webhook", "disabled"); state != false {
		t.Errorf("disabled is %v after enabling", state)
	}
}

func TestDeliveryTimeoutAndEndlessAnswer(t *testing.T) {
	t.Parallel()
	r := startReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/silent" {
			<-r.Context().Done()
			return
		}
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	})
	l := startLocal(t, Options{Deliveries: DeliveryPolicy{Retry: []time.Duration{}, Timeout: 100 * time.Millisecond}})
	silent := l.watch("ann", r.URL+"/silent?secret=q")
	l.makeRepo("model", "tiny", "")
	l.settle(r)
	logs := l.call("ann", "GET", silent+"/logs", "", 200)
	message, _ := logs.field(0, "error").(string)
	if logs.field(0, "status") != 0.0 || message != "no answer: context deadline exceeded" {
		t.Errorf("activity of a silent target: %v", logs.field(0))
	}

	patient := startLocal(t, Options{Deliveries: DeliveryPolicy{Retry: []time.Duration{}}})
	endless := patient.watch("ann", r.URL+"/endless")
	patient.makeRepo("model", "tiny", "")
	patient.settle(r)
	logs = patient.call("ann", "GET", endless+"/logs", "", 200)
	if answer, _ := logs.field(0, "answer").(string); logs.field(0, "status") != 200.0 || len(answer) != maxAnswerKept {
		t.Errorf("activity of an endless target: %v", logs.field(0))
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	l, r := startLocal(t, Options{}), startReceiver(t, nil)
	moved := startReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	hook := l.watch("ann", r.URL)
	l.makeRepo("model", "tiny", "")
	first := l.settle(r)[0]
	log := l.call("ann", "GET", hook+"/logs", "", 200).field(0, "id").(string)
	l.call("ann", "POST", hook, fmt.Sprintf(`{"url":%q,"watched":[],"domains":["repo"]}`, moved.URL), 200)

	if status := l.call("ann", "POST", hook+"/replay/"+log, "", 200).field("status"); status != 418.0 {
		t.Errorf("replay answered %v, want the target's 418", status)
	}
	again := <-moved.got
	if again.header.Get("Webhook-Id") != first.header.Get("Webhook-Id") || !bytes.Equal(again.raw, first.raw) {
		t.Error("a replay has another id or body")
	}
	if logs := l.call("ann", "GET", hook+"/logs", "", 200); logs.field(0, "replay") != true {
		t.Errorf("activity after the replay: %v", logs.field(0))
	}
	l.call("ann", "POST", hook+"/replay/"+strings.Repeat("0", 24), "", 404)
	moved.Close()
	l.call("ann", "POST", hook+"/replay/"+log, "", 502)
}

func TestActivityIsBounded(t *testing.T) {
	t.Parallel()
	hook := testHook(DeliveryPolicy{})
	for try := range maxDeliveryLogs + 5 {
		hook.record(&delivery{hook: hook}, try, false, outcome{status: 200})
	}
	logs := hook.activity()
	if len(logs) != maxDeliveryLogs || logs[0].try != maxDeliveryLogs+4 {
		t.Errorf("%d entries, the newest %d", len(logs), logs[0].try)
	}
}
