package emulator

import (
	"io"
	"net/http"
	"testing"
	"time"
)

func TestRequestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		faults Faults
		want   []int // statuses of the calls made; 0 is no or half an answer
		limit  string
	}{
		{"none", Faults{}, []int{200, 200}, `"api";r=2499;t=300`},
		{
			"quota used up",
			Faults{RateLimited: 1, RateReset: 7 * time.Second},
			[]int{429, 200},
			`"api";r=0;t=7`,
		},
		{
			"another limiter",
			Faults{RateLimited: 1, RateRemaining: 12, RateReset: time.Second},
			[]int{429, 200},
			`"api";r=12;t=1`,
		},
		{"server errors, then success", Faults{ServerErrors: 2}, []int{503, 503, 200}, ""},
		{"one after the other", Faults{ServerErrors: 1, RateLimited: 1}, []int{429, 503, 200}, ""},
		{"other paths", Faults{ServerErrors: 5, PathPrefix: "/api/models"}, []int{200}, ""},
		{"this path", Faults{ServerErrors: 1, PathPrefix: "/api/whoami"}, []int{503, 200}, ""},
		{"slow", Faults{Delay: time.Millisecond}, []int{200}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := startLocal(t, Options{Faults: test.faults})
			for i, want := range test.want {
				got := l.call("ann", "GET", "/api/whoami-v2", "", want)
				if i == 0 && test.limit != "" && got.header.Get("RateLimit") != test.limit {
					t.Errorf("RateLimit %q, want %q", got.header.Get("RateLimit"), test.limit)
				}
			}
		})
	}
}

func TestLostAnswer(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	base := l.makeRepo("model", "tiny", "") + "/discussions"
	l.SetFaults(Faults{LostAnswers: 2})
	if got, err := l.do("bob", "POST", base, `{"title":"first","description":"text"}`); err == nil {
		t.Errorf("the answer arrived: %v", got)
	}
	if got, err := l.do("bob", "POST", base, `{"title":"no"}`); err == nil {
		t.Errorf("the refusal arrived: %v", got)
	}
	if count := l.call("bob", "GET", base, "", 200).field("count"); count != 1.0 {
		t.Errorf("%v discussions: the call was not carried out", count)
	}
}

func TestTruncatedBody(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{Faults: Faults{Truncated: 1}})
	if got, err := l.do("ann", "GET", "/api/whoami-v2", ""); err == nil {
		t.Errorf("the whole body arrived: %v", got)
	}
	l.call("ann", "GET", "/api/whoami-v2", "", http.StatusOK)
}

func TestTruncatedFile(t *testing.T) {
	t.Parallel()
	const text = "0123456789"
	l := startLocal(t, Options{})
	l.commit("ann", l.makeRepo("model", "tiny", ""), "main", "", "a.txt", text)
	l.SetFaults(Faults{Truncated: 1, PathPrefix: "/ann/tiny/resolve/"})
	for _, want := range []string{text[:5], text} {
		resp, err := http.Get(l.URL() + "/ann/tiny/resolve/main/a.txt")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(got) != want || (err == nil) != (want == text) {
			t.Errorf("read %q (%v), want %q", got, err, want)
		}
	}
}

func TestDeliveryFaults(t *testing.T) {
	t.Parallel()
	l, r := startLocal(t, Options{}), startReceiver(t, nil)
	l.watch("ann", r.URL)
	repo := l.makeRepo("model", "tiny", "")
	l.settle(r)

	l.SetFaults(Faults{DuplicateDeliveries: true, OmitHeadSHA: true, DelayDeliveries: time.Millisecond})
	l.commit("ann", repo, "main", "", "a.txt", "text")
	got := l.settle(r)
	if len(got) != 2 || got[0].header.Get("Webhook-Id") != got[1].header.Get("Webhook-Id") {
		t.Errorf("deliveries: %v, want two with the same id", got)
	}
	if _, has := got[0].body["repo"].(map[string]any)["headSha"]; has {
		t.Error("headSha is there")
	}

	l.SetFaults(Faults{TriggerLimit: 3})
	for _, file := range []string{"b.txt", "c.txt"} {
		l.commit("ann", repo, "main", "", file, "text")
	}
	if got := l.settle(r); len(got) != 1 {
		t.Errorf("%d deliveries, want 1: two triggers came before", len(got))
	}

	l.SetFaults(Faults{ReorderDeliveries: true})
	l.commit("ann", repo, "main", "", "d.txt", "text")
	l.call("bob", "POST", repo+"/discussions", `{"title":"first","description":"text"}`, 200)
	var order []string
	for _, one := range l.settle(r) {
		order = append(order, one.event())
	}
	if len(order) != 2 || order[0] != "discussion create" {
		t.Errorf("order of arrival: %q", order)
	}
}

func TestFaultsBySwitch(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "m", "")
	l.call("", "PUT", faultsPath, `{"serverErrors":1}`, 401)
	l.call("ann", "PUT", faultsPath, `{"serverError":1}`, 400)
	l.call("ann", "PUT", faultsPath, `{"rateReset":"soon"}`, 400)
	for _, negative := range []string{`{"delay":"-1s"}`, `{"delayDeliveries":-5}`, `{"serverErrors":-1}`} {
		l.call("ann", "PUT", faultsPath, negative, 400)
	}
	l.call("ann", "PUT", faultsPath, `{"serverErrors":1,"rateLimited":1,"rateReset":"7s"}`, 200)
	l.call("ann", "GET", "/api/whoami-v2", "", 429)
	if left := l.call("ann", "GET", faultsPath, "", 200); left.field("rateReset") != "7s" || left.field("rateLimited") != 0.0 ||
		left.field("serverErrors") != 1.0 {
		t.Errorf("faults: %v", left.body)
	}
	l.call("ann", "PUT", faultsPath, `{}`, 200)
	l.call("ann", "GET", "/api/whoami-v2", "", 200)
	l.call("ann", "PUT", faultsPath, `{"expiredTokens":9}`, 200)
	l.call("ann", "GET", "/api/whoami-v2", "", 401)
	if left := l.call("ann", "GET", faultsPath, "", 200); left.field("expiredTokens") != 8.0 {
		t.Errorf("faults: %v", left.body)
	}
	l.call("ann", "PUT", faultsPath, `{}`, 200)
	l.call("ann", "GET", "/api/whoami-v2", "", 200)
}

func TestDisabledRepository(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	api := l.makeRepo("model", "m", "")
	l.makeRepo("dataset", "m", "")
	l.SetFaults(Faults{DisabledRepos: []string{"models/ann/M"}})
	for _, path := range []string{api, api + "/tree/main", "/ann/m/resolve/main/x", "/ann/m/info/refs?service=git-upload-pack"} {
		got := l.call("ann", "GET", path, "", 403)
		if message := got.header.Get("X-Error-Message"); message != "Access to this resource is disabled." {
			t.Errorf("%s: %q", path, message)
		}
	}
	l.call("ann", "GET", "/api/datasets/ann/m", "", 200)
	l.SetFaults(Faults{})
	l.call("ann", "GET", api, "", 200)
}
