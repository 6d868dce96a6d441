package cmd

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, listen := range []string{"127.0.0.1:" + port, "0.0.0.0:" + port, ":" + port, "[::]:" + port} {
		if err := runHealthcheck(t.Context(), listen); err != nil {
			t.Errorf("bot that listens on %s: %v", listen, err)
		}
	}
	status = http.StatusInternalServerError
	if err := runHealthcheck(t.Context(), "127.0.0.1:"+port); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("a failing bot gives %v, want an error with its status", err)
	}
	server.Close()
	if err := runHealthcheck(t.Context(), "127.0.0.1:"+port); err == nil {
		t.Error("a stopped bot counts as healthy")
	}
}
