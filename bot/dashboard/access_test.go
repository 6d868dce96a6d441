package dashboard

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestAllowed(t *testing.T) {
	t.Parallel()
	const local, away = "127.0.0.1:50000", "203.0.113.9:50000"
	for name, tc := range map[string]struct {
		token  hub.Secret
		local  bool
		method string
		host   string
		remote string
		header map[string]string
		want   bool
	}{
		"laptop":                    {"", true, "GET", "127.0.0.1:7860", local, nil, true},
		"laptop by name":            {"", true, "GET", "localhost:7860", local, nil, true},
		"laptop over IPv6":          {"", true, "GET", "[::1]:7860", "[::1]:50000", nil, true},
		"public bot without token":  {"", false, "GET", "127.0.0.1:7860", local, nil, false},
		"another machine":           {"", true, "GET", "127.0.0.1:7860", away, nil, false},
		"rebound name":              {"", true, "GET", "evil.example:7860", local, nil, false},
		"name that begins the same": {"", true, "GET", "127.0.0.1.evil.example", local, nil, false},
		"behind a proxy": {
			"", true, "GET", "127.0.0.1:7860", local, map[string]string{"X-Forwarded-For": "203.0.113.9"}, false,
		},
		"button on another site": {
			"", true, "POST", "127.0.0.1:7860", local, map[string]string{"Sec-Fetch-Site": "cross-site"}, false,
		},
		"form of another origin": {
			"", true, "POST", "127.0.0.1:7860", local, map[string]string{"Origin": "http://evil.example"}, false,
		},
		"own form": {
			"", true, "POST", "127.0.0.1:7860", local,
			map[string]string{"Origin": "http://127.0.0.1:7860", "Sec-Fetch-Site": "same-origin"},
			true,
		},
		"link from another site": {
			"", true, "GET", "127.0.0.1:7860", local,
			map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
			true,
		},
		"token":             {"s3cret", false, "GET", "bot.hf.space", away, bearer("s3cret"), true},
		"token on a laptop": {"s3cret", true, "GET", "127.0.0.1:7860", local, bearer("s3cret"), true},
		"wrong token":       {"s3cret", true, "GET", "127.0.0.1:7860", local, bearer("s3cre"), false},
		"no token although there is one": {
			"s3cret", true, "GET", "127.0.0.1:7860", local, nil, false,
		},
		"empty token":          {"", false, "GET", "bot.hf.space", away, bearer(""), false},
		"token in basic auth":  {"s3cret", false, "GET", "h", away, map[string]string{"Authorization": "Basic s3cret"}, false},
		"token without scheme": {"s3cret", false, "GET", "h", away, map[string]string{"Authorization": "s3cret"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), tc.method, "/", http.NoBody)
			r.Host, r.RemoteAddr = tc.host, tc.remote
			for k, v := range tc.header {
				r.Header.Set(k, v)
			}
			got, err := access{token: tc.token, local: tc.local}.who(r)
			if err != nil || (got != nil) != tc.want {
				t.Errorf("who = %+v, %v, want somebody: %v", got, err, tc.want)
			}
		})
	}
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:7860": true, "localhost:0": true, "[::1]:1": true, "::1": true, "127.0.0.1": true, "localhost": true,
		"0.0.0.0:7860": false, ":7860": false, "": false, "example.com": false, "10.0.0.1:80": false, "localhost.evil": false,
	} {
		if got := loopback(address); got != want {
			t.Errorf("loopback(%q) = %v, want %v", address, got, want)
		}
	}
}
