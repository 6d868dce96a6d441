package dashboard

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
)

// Only so many pages are kept up to date at a time; who leaves makes room.
func TestOpenPagesAreBounded(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	f := newFeed(ctx, zap.NewNop())
	f.most = 2
	b := func(context.Context) (*page, error) { return &page{}, nil }
	first, second := f.subscribe("/a", "", b), f.subscribe("/b", "", b)
	if first == nil || second == nil {
		t.Fatal("two pages are not kept up to date")
	}
	if f.subscribe("/a", "", b) != nil {
		t.Error("a third page is")
	}
	first.leave()
	third := f.subscribe("/a", "", b)
	if third == nil {
		t.Error("who left made no room")
	}
	third.leave()
	second.leave()
	stop()
	f.wait()
}

// A page that stays open when the one who opened it first has left is still made for those who look at it, and not for
// whoever asks for something else: Echo uses the context of a request again.
func TestOpenPageIsNobodyElses(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	d := &Dashboard{feed: newFeed(ctx, zap.NewNop())}
	left := make(chan struct{}, 2)
	var n atomic.Int64
	var looked atomic.Pointer[string]
	e := echo.New()
	e.GET("/page", func(c echo.Context) error {
		c.Set("person", &person{Who: "ada"})
		defer func() { left <- struct{}{} }()
		return d.answer(c, "page", func(_ context.Context, c echo.Context) (*page, error) {
			who := "nobody"
			if p := personOf(c); p != nil {
				who = p.Who
			}
			who += " at " + c.QueryParam("q")
			looked.Store(&who)
			return &page{Regions: []region{{"r", []item{{"k", template.HTML(fmt.Sprint(n.Add(1)))}}}}}, nil
		})
	})
	e.GET("/other", func(c echo.Context) error {
		c.Set("person", &person{Who: "eve"})
		return c.NoContent(http.StatusNoContent)
	})
	site := httptest.NewServer(e)
	open := func() (body *http.Response, leave func()) {
		t.Helper()
		ctx, leave := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, site.URL+"/page?q=mine", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/event-stream")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp, leave
	}
	first, leaveFirst := open()
	second, leaveSecond := open()
	defer first.Body.Close()
	defer second.Body.Close()
	leaveFirst()
	<-left
	for range 50 {
		resp, err := http.Get(site.URL + "/other?q=hers")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	for before := n.Load(); n.Load() < before+2; time.Sleep(time.Millisecond) { // of two looks one began after the others came
		d.feed.poke()
	}
	if got := *looked.Load(); got != "ada at mine" {
		t.Errorf("the page is made for %s", got)
	}
	leaveSecond()
	<-left
	stop()
	d.feed.wait()
	site.Close()
}
