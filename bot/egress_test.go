package bot

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPublicOnly(t *testing.T) {
	t.Parallel()
	for address, allowed := range map[string]bool{
		"140.82.112.3:443":           true,
		"[2606:50c0:8000::153]:443":  true,
		"127.0.0.1:80":               false,
		"127.8.9.10:80":              false,
		"[::1]:80":                   false,
		"[::ffff:127.0.0.1]:80":      false,
		"10.0.0.1:80":                false,
		"172.16.0.1:80":              false,
		"192.168.1.1:80":             false,
		"[::ffff:192.168.1.1]:80":    false,
		"169.254.169.254:80":         false,
		"[fe80::1]:80":               false,
		"[fd00::1]:80":               false,
		"100.64.0.1:80":              false,
		"0.0.0.0:80":                 false,
		"0.1.2.3:80":                 false,
		"[::]:80":                    false,
		"224.0.0.1:80":               false,
		"255.255.255.255:80":         false,
		"[64:ff9b::7f00:1]:80":       false,
		"[2002:7f00:1::]:80":         false,
		"not an address":             false,
		"198.18.0.1:80":              false,
		"240.0.0.1:80":               false,
		"[2001:4860:4860::8888]:443": true,
	} {
		if err := publicOnly(address); (err == nil) != allowed {
			t.Errorf("publicOnly(%q) = %v, want allowed %v", address, err, allowed)
		}
	}
}

func TestEgressClient(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	get := func(c *http.Client, url string) error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(req)
		if err == nil {
			err = res.Body.Close()
		}
		return err
	}
	if err := get(egressClient(true), server.URL); err != nil {
		t.Errorf("allowed: %v", err)
	}
	byName := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	for _, url := range []string{server.URL, byName} {
		err := get(egressClient(false), url)
		if err == nil || !strings.Contains(err.Error(), "not a public address") {
			t.Errorf("%s: %v, want a refusal that says why", url, err)
		}
	}
}

func TestOnLoopback(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]bool{
		"http://127.0.0.1:7870": true, "http://localhost": true, "http://[::1]:80": true, "http://[::ffff:127.0.0.1]": true,
		"https://huggingface.co": false, "http://127.0.0.1.evil.example": false, "http://10.0.0.1": false, "": false,
	} {
		if got := onLoopback(endpoint); got != want {
			t.Errorf("onLoopback(%q) = %v, want %v", endpoint, got, want)
		}
	}
}
