package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// heartbeat keeps proxies from closing a stream on which nothing happens.
const heartbeat = 15 * time.Second

// answer shows a page; to a browser's EventSource it sends what changes on it. The page is made from the context that it is
// given: Echo uses a request's own again when it is over, while others may still have the page open.
func (d *Dashboard) answer(c echo.Context, name string, b func(ctx context.Context, c echo.Context) (*page, error)) error {
	r := c.Request()
	if !strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream") {
		p, err := b(r.Context(), c)
		if err != nil {
			return d.failed(c, err)
		}
		return d.show(c, http.StatusOK, name, p)
	}
	if p, err := b(r.Context(), c); err != nil {
		return d.failed(c, err)
	} else if p.Static {
		return c.NoContent(http.StatusNoContent) // which tells the browser not to come again
	}
	own := c.Echo().NewContext(r, nil)
	own.Set("person", personOf(c))
	return d.stream(c, func(ctx context.Context) (*page, error) { return b(ctx, own) })
}

// stream sends updates until the reader leaves, its session ends or the dashboard closes.
func (d *Dashboard) stream(c echo.Context, b build) error {
	r, w := c.Request(), c.Response()
	query := r.URL.Query()
	have := query.Get("live")
	query.Del("live")
	query.Del("done")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		have = last
	}
	// What a page shows depends on who looks only by the token in its forms.
	reader := d.feed.subscribe(csrfOf(c)+" "+r.URL.Path+"?"+query.Encode(), have, b)
	if reader == nil {
		w.Header().Set("Retry-After", "10")
		return c.String(http.StatusServiceUnavailable, "too many pages are open; this one shows what was when it was loaded")
	}
	defer reader.leave()
	// The server's time limits are for ordinary requests.
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("clear the read deadline: %w", err)
	}
	if err := control.SetWriteDeadline(time.Time{}); err != nil {
		return fmt.Errorf("clear the write deadline: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if _, err := fmt.Fprint(w, "retry: 1000\n\n"); err != nil {
		return nil // the reader left
	}
	w.Flush()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return nil
		case <-d.feed.ctx.Done():
			return nil
		case u := <-reader.updates:
			_, err = fmt.Fprintf(w, "id: %s\ndata: %s\n\n", u.Version, u.text)
		case <-beat.C:
			if p, gone := d.admin.who(r); gone == nil && p == nil {
				return nil
			}
			_, err = fmt.Fprint(w, ": still here\n\n")
		}
		if err != nil {
			return nil // the reader left
		}
		w.Flush()
	}
}

// csrfOf is what the forms on a page of this request's person carry.
func csrfOf(c echo.Context) string {
	if p := personOf(c); p != nil {
		return p.CSRF
	}
	return ""
}
