package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// faultMiddleware makes requests fail as [Faults] says.
func (s *Server) faultMiddleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		fault := s.hooks.faults.next(c.Request())
		if fault.delay > 0 {
			if err := pause(c, fault.delay); err != nil {
				return err
			}
		}
		switch fault.kind {
		case faultRateLimit:
			return tooManyRequests(c, fault)
		case faultServerError:
			return fail(c, http.StatusServiceUnavailable, "", "The Hub is unavailable (fault switch)")
		case faultLostAnswer:
			c.Response().Writer = &discardWriter{header: http.Header{}}
			_ = next(c)                 // neither the answer nor the error arrives
			panic(http.ErrAbortHandler) // cuts the connection
		case faultTruncated:
			c.Response().Writer = &truncatingWriter{ResponseWriter: c.Response().Writer}
		}
		return next(c)
	}
}

// pause waits, unless the client gives up first.
func pause(c echo.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.Request().Context().Done():
		return c.Request().Context().Err()
	}
}

// tooManyRequests answers 429. With r=0 the window's quota is used up and t tells when it ends; with more left, some
// other limiter refused the call.
func tooManyRequests(c echo.Context, fault requestFault) error {
	seconds := int(fault.reset.Round(time.Second) / time.Second)
	c.Response().Header().Set("RateLimit", fmt.Sprintf(`"api";r=%d;t=%d`, fault.remaining, seconds))
	if seconds > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	return fail(c, http.StatusTooManyRequests, "", "We had to rate limit you (fault switch)")
}

// discardWriter takes an answer that must never arrive.
type discardWriter struct{ header http.Header }

// Header implements [http.ResponseWriter].
func (w *discardWriter) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter].
func (w *discardWriter) WriteHeader(int) {}

// Write implements [http.ResponseWriter].
func (w *discardWriter) Write(p []byte) (int, error) { return len(p), nil }

// truncatingWriter lets half of a successful body pass, then cuts the connection; nothing passes of a body whose length
// is not declared.
type truncatingWriter struct {
	http.ResponseWriter
	rest int64 // bytes that may still pass
	cut  bool
}

// WriteHeader implements [http.ResponseWriter].
func (w *truncatingWriter) WriteHeader(status int) {
	if status >= 200 && status < 300 {
		w.cut = true
		if length, err := strconv.ParseInt(w.Header().Get(echo.HeaderContentLength), 10, 64); err == nil {
			w.rest = length / 2
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *truncatingWriter) Write(p []byte) (int, error) {
	if !w.cut || int64(len(p)) <= w.rest {
		w.rest -= int64(len(p))
		return w.ResponseWriter.Write(p)
	}
	_, _ = w.ResponseWriter.Write(p[:w.rest])
	if flusher, ok := w.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
	panic(http.ErrAbortHandler) // cuts the connection
}

// Unwrap lets [http.ResponseController] reach the real writer.
func (w *truncatingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
