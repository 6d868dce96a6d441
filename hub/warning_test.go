package hub_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	warned := http.Header{"X-Hf-Warning": {"old-api; Use another, hf_sesame", "no topic"}}
	var mu sync.Mutex
	var got []hub.Warning
	first := serve(t, exchange{call: "GET /api/models/acme/tiny/refs?include_prs=1", header: warned, answer: `{}`},
		exchange{call: "GET /api/models/acme/tiny/refs?include_prs=1", header: warned, status: 403})
	client, err := hub.New(first.Endpoint(), testToken, hub.WithWarnings(func(w hub.Warning) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, w)
	}))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := client.Refs(t.Context(), model); err != nil && !hub.IsForbidden(err) {
			t.Fatal(err)
		}
	}
	want := []hub.Warning{{Topic: "old-api", Message: "Use another, " + hub.Redacted}, {Message: "no topic"}}
	if !slices.Equal(want, got) {
		t.Errorf("warned of %+v, want %+v", got, want)
	}
}
