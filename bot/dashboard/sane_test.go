package dashboard_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/dashboard"
	"github.com/hfbot/hfbot/bot/store"
)

// Addresses that no page leads to get an answer and not an error of the database, and no file but the assets.
func TestStrangeAddresses(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	for path, want := range map[string]int{
		"/deliveries?text=" + strings.Repeat("a", 5_000):              http.StatusRequestURITooLong,
		"/api/v1/runs?text=" + strings.Repeat("a", 5_000):             http.StatusRequestURITooLong,
		"/deliveries?text=%00":                                        http.StatusBadRequest,
		"/deliveries?repo=%ff%fe":                                     http.StatusBadRequest,
		"/api/v1/deliveries?rule=%00":                                 http.StatusBadRequest,
		"/api/v1/nothing":                                             http.StatusNotFound,
		"/deliveries/%00":                                             http.StatusBadRequest,
		"/runs/%ff":                                                   http.StatusBadRequest,
		"/deliveries?text=" + strings.Repeat("%25", 1_000):            http.StatusOK,
		"/deliveries?limit=-1&before=%27%20OR%201=1":                  http.StatusOK,
		"/?span=none":                                                 http.StatusOK,
		"/deliveries?text=%zz":                                        http.StatusOK,
		"/assets/x/dashboard.css":                                     http.StatusNotFound,
		"/assets/x/..%2f..%2fsession.go":                              http.StatusNotFound,
		"/assets/..%2f..%2f..%2fetc/passwd":                           http.StatusNotFound,
		"/deliveries/" + s.delivery + "/payload/../../../etc/passwd":  http.StatusNotFound,
		"/deliveries/" + s.delivery + "?from=99999999999999999999999": http.StatusOK,
		"/deliveries/" + s.delivery + "?from=9223372036854775807":     http.StatusOK,
		"/rules?after=" + strings.Repeat("%3Cscript%3E", 200):         http.StatusOK,
		"/actions/" + strings.Repeat("a", 10_000):                     http.StatusNotFound,
	} {
		res, body := s.do(http.MethodGet, path)
		if res.StatusCode != want || strings.Contains(body, "<script>") || len(body) > 100_000 {
			t.Errorf("%.80s: %d with %d bytes, want %d: %.200s", path, res.StatusCode, len(body), want, body)
		}
		if strings.HasPrefix(path, "/api/v1/") && !strings.HasPrefix(body, `{"error":"`) {
			t.Errorf("%.80s: %s, want the form of the API's errors", path, body)
		}
	}
}

// What would hide itself or turn the writing round is seen as a sign, on pages and in logs.
func TestDeceivingText(t *testing.T) {
	t.Parallel()
	const deceit = "ok\x1b[2K\x1b[31mred\u202egpj.exe\u2066\x00\u009b1m"
	var delivery, run string
	s := newSampleSite(t, true, nil, nil, func(s *sample) {
		var runs []string
		delivery, runs = s.add(event{at: noon, scope: "discussion", act: "create", kind: "model", repo: "acme/a\u202eb", title: deceit})
		run = runs[0]
		s.say(run, 0, 1, noon, "info", deceit)
	})
	for _, path := range []string{"/", "/deliveries", "/deliveries/" + delivery, "/runs", "/runs/" + run} {
		_, body := s.do(http.MethodGet, path)
		if strings.ContainsAny(body, "\x1b\x00\u202e\u2066\u009b") {
			t.Errorf("%s has characters that deceive", path)
		}
		if !strings.Contains(body, "a\ufffdb") {
			t.Errorf("%s does not show that there is something", path)
		}
	}
	if _, body := s.do(http.MethodGet, "/runs/"+run); !strings.Contains(body, "\u241b[31mred") {
		t.Error("the log does not show the escape sequence")
	}
}

// A result's address is a link only when a browser can do no harm by it.
func TestResultLinks(t *testing.T) {
	t.Parallel()
	for address, link := range map[string]bool{
		"https://huggingface.co/acme/tiny/discussions/7": true, "http://127.0.0.1:1/x": true, "javascript:alert(1)": false,
		"data:text/html,x": false, "//evil.example": false, "": false, "https:": false, " https://a.example": false,
	} {
		var run string
		s := newSampleSite(t, true, nil, func(o *dashboard.Options) { o.Log = nil }, func(s *sample) {
			_, runs := s.add(event{at: noon, scope: "discussion", act: "create", kind: "model", repo: "acme/tiny", title: "x"})
			run = runs[0]
			lease := s.claim(run, noon.Add(time.Hour))
			s.tx(func(tx *store.Tx) error {
				_, err := tx.StartStep(lease, 0, nil)
				return err
			})
			s.tx(func(tx *store.Tx) error {
				return tx.EndStep(lease, 0, store.StepResult{State: store.Succeeded, Outputs: map[string]any{"url": address}})
			})
		})
		_, body := s.do(http.MethodGet, "/runs/"+run)
		if got := strings.Contains(body, `rel="noopener noreferrer">`+address+`</a>`); got != link {
			t.Errorf("%q is a link: %t", address, got)
		}
		if strings.Contains(body, `href="javascript`) || strings.Contains(body, `href="data:`) {
			t.Errorf("%q is followed", address)
		}
	}
}
