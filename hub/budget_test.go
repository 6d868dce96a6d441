package hub_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
)

const usedUp = `200 RateLimit="api";r:0;t:10`

func TestBudgetHoldsAllCallsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := &scripted{t: t, answers: []string{usedUp, "200", "200", "200"}}
		client := script.client()
		call := func(c *hub.Client) {
			if _, err := c.Refs(t.Context(), model); err != nil {
				t.Error(err)
			}
		}
		call(client)
		done := make(chan struct{})
		go func() {
			defer close(done)
			call(client.ReadOnly()) // on the same budget
		}()
		body, err := client.Download(t.Context(), model, "", "a", 0, -1) // downloads have a budget of their own
		if err != nil {
			t.Fatal(err)
		}
		body.Close()
		<-done
		call(client)
		const s = time.Second
		if diff := cmp.Diff([]time.Duration{0, 0, 11 * s, 11 * s}, script.calls); diff != "" {
			t.Errorf("calls differ (-want +got):\n%s", diff)
		}
	})
}

func TestBudgetDoesNotOutwaitTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := &scripted{t: t, answers: []string{usedUp}}
		client := script.client()
		if _, err := client.Refs(t.Context(), model); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := client.Refs(ctx, model)
		want := &hub.Error{
			Method: "GET", URL: "https://hub.example/api/models/acme/tiny/refs", StatusCode: 429,
			Message: "the call was not made, because the Hub's rate limit is used up", RetryAfter: 11 * time.Second,
		}
		var got *hub.Error
		if !errors.As(err, &got) {
			t.Fatalf("Refs = %v, want a *hub.Error", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("error differs (-want +got):\n%s", diff)
		}
	})
}

func TestBudgetEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := &scripted{t: t, answers: []string{usedUp}}
		client := script.client()
		if _, err := client.Refs(t.Context(), model); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := client.Refs(ctx, model); !errors.Is(err, context.Canceled) {
			t.Errorf("Refs = %v, want context.Canceled", err)
		}
	})
}

func TestBudgetReadsTheHeaderWithCare(t *testing.T) {
	t.Parallel()
	tests := map[string]time.Duration{
		`"api";r:0;t:10`:             11 * time.Second,
		`"api";r:5;t:10`:             0,
		`api`:                        0,
		`"api";r:-1;t:10`:            0,
		`"api";r:0`:                  0,
		`"api";r:0;t:99999999999999`: time.Hour + time.Second, // never longer
	}
	for header, want := range tests {
		synctest.Test(t, func(t *testing.T) {
			script := &scripted{t: t, answers: []string{"200 RateLimit=" + header, "200"}}
			client := script.client()
			for range 2 {
				if _, err := client.Refs(t.Context(), model); err != nil {
					t.Fatal(err)
				}
			}
			if script.calls[1] != want {
				t.Errorf("RateLimit %s made the second call wait %s, want %s", header, script.calls[1], want)
			}
		})
	}
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	script := &scripted{t: t, answers: []string{`200 RateLimit="api";r=41;t=100 RateLimit-Policy=fixed;"api";q=500;w=300`}}
	client := script.client()
	if got := client.Budgets(); len(got) != 0 {
		t.Errorf("before any call: %+v", got)
	}
	if _, err := client.Refs(t.Context(), model); err != nil {
		t.Fatal(err)
	}
	got := client.Budgets()
	if len(got) != 1 || got[0].Kind != "api" || got[0].Remaining != 41 || got[0].Quota != 500 || time.Until(got[0].ResetAt) > 100*time.Second {
		t.Errorf("got %+v", got)
	}
}

// quotaHub allows so many calls in each window of 100 seconds.
type quotaHub struct {
	quota int

	mu      sync.Mutex
	start   time.Time
	used    int
	refused int
}

func (h *quotaHub) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(time.Second)
	h.mu.Lock()
	defer h.mu.Unlock()
	const length = 100 * time.Second
	if time.Since(h.start) >= length {
		h.start, h.used = time.Now(), 0
	}
	h.used++
	recorder := httptest.NewRecorder()
	reset := int((length - time.Since(h.start)).Seconds())
	recorder.Header().Set("RateLimit", fmt.Sprintf(`"api";r=%d;t=%d`, max(h.quota-h.used, 0), reset))
	recorder.Header().Set("RateLimit-Policy", fmt.Sprintf(`"fixed window";"api";q=%d;w=100`, h.quota))
	if h.used > h.quota {
		h.refused++
		recorder.WriteHeader(http.StatusTooManyRequests)
	}
	io.WriteString(recorder, `{}`)
	resp := recorder.Result()
	resp.Request = r
	return resp, nil
}

func TestWorkersShareABudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &quotaHub{quota: 3}
		allowance := hub.NewAllowance()
		var clients []*hub.Client
		for range 2 {
			client, err := hub.New("https://hub.example", testToken, hub.WithAllowance(allowance),
				hub.WithHTTPClient(&http.Client{Transport: server}))
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, client, client.ReadOnly())
		}
		if _, err := clients[0].Refs(t.Context(), model); err != nil {
			t.Fatal(err)
		}
		if left := clients[1].Budgets(); len(left) != 1 || left[0].Remaining != 2 || left[0].Quota != 3 {
			t.Errorf("the budget is %+v, want 2 of 3 left", left)
		}
		var workers sync.WaitGroup
		for i := range 20 {
			workers.Go(func() {
				if _, err := clients[i%len(clients)].Refs(t.Context(), model); err != nil {
					t.Error(err)
				}
			})
		}
		workers.Wait()
		if server.refused > 0 {
			t.Errorf("%d calls were more than the Hub allows", server.refused)
		}
	})
}
