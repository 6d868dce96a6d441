package hub

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzNextPage has strangers name the next page: it is on the Hub, or there is none.
func FuzzNextPage(f *testing.F) {
	for _, link := range []string{
		`<https://hub.example/api/models?cursor=x>; rel="next"`, `</api/models?p=2>;rel=next`, `<//evil.example>; rel="next"`,
		`<https://hub.example:443/x>; rel="next"`, `<https://hub.example@evil.example/>; rel="next"`, `<>; rel="next"`,
		`<https://hub.example/xet>; rel="xet-auth", <https://hub.example/2>; rel="next"`, `<javascript:alert(1)>; rel="next"`,
		"<\\\\evil.example>; rel=next", `<https://hub.example/` + strings.Repeat("x", 300) + `>; rel="next"`, `<%zz>; rel=next`,
	} {
		f.Add(link)
	}
	client, err := New("https://hub.example", "hf_sesame")
	if err != nil {
		f.Fatal(err)
	}
	const current = "https://hub.example/api/models?limit=1"
	f.Fuzz(func(t *testing.T, link string) {
		next, err := client.nextPage(current, http.Header{"Link": {link}})
		if err != nil || next == "" {
			return
		}
		address, err := url.Parse(next)
		if err != nil || address.Scheme != "https" || address.Hostname() != "hub.example" || next == current {
			t.Errorf("Link %q leads to %q (%v)", link, next, err)
		}
		if _, err := http.NewRequest(http.MethodGet, next, nil); err != nil {
			t.Errorf("Link %q leads to %q, which cannot be asked for: %v", link, next, err)
		}
	})
}

// FuzzReadEvents has strangers write a log.
func FuzzReadEvents(f *testing.F) {
	f.Add("data: {\"data\":\"x\",\"timestamp\":\"2026-01-02T03:04:05Z\"}\n\n: ping\ndata:{}\r\ndata: [1]\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := 0
		for _, err := range readEvents(strings.NewReader(text)) {
			if err != nil && len(text) <= maxLogLine {
				t.Errorf("%q: %v", text, err)
			}
			lines++
		}
		if most := strings.Count(text, "data:"); lines > most+1 {
			t.Errorf("%d lines of a text with %d", lines, most)
		}
	})
}

// FuzzRateLimit has strangers say how long to wait.
func FuzzRateLimit(f *testing.F) {
	f.Add(`"api";r=0;t=120`, `"fixed window";"api";q=500;w=300`, "5")
	f.Add(`"api"; r = 999999999 ;t=999999999`, `q=99999999999999999999`, "-1")
	f.Fuzz(func(t *testing.T, limit, policy, after string) {
		header := http.Header{"Ratelimit": {limit}, "Ratelimit-Policy": {policy}, "Retry-After": {after}}
		remaining, reset, _ := parseRateLimit(header)
		wait := retryAfter(&http.Response{StatusCode: http.StatusTooManyRequests, Header: header})
		if remaining < 0 || reset < 0 || reset > maxPause || wait < 0 || wait > maxPause+1e9 || parseQuota(header) < 0 {
			t.Errorf("%v: %d left, for %s; wait %s", header, remaining, reset, wait)
		}
	})
}
