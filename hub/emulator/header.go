package emulator

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/labstack/echo/v4"
)

// standardHeaders sets what every answer of the Hub carries: an id to report problems by, the client's own if it sent
// one, and the rate limit, which is shown and never used up.
func standardHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		asked := c.Request().Header
		id := cmp.Or(asked.Get("X-Request-Id"), asked.Get("X-Amzn-Trace-Id")) // the Python client sends the latter
		if id == "" || len(id) > 200 {
			id = newID()
		}
		header.Set("X-Request-Id", id)
		bucket, quota := rateLimit(c.Request().URL.Path, c.Request().Header.Get("Authorization") != "")
		header.Set("RateLimit", fmt.Sprintf(`%q;r=%d;t=300`, bucket, quota-1))
		header.Set("RateLimit-Policy", fmt.Sprintf(`"fixed window";%q;q=%d;w=300`, bucket, quota))
		return next(c)
	}
}

// rateLimit is the bucket that a request counts in, and its quota for strangers or for a PRO user
// (https://huggingface.co/docs/hub/rate-limits).
func rateLimit(path string, known bool) (bucket string, quota int) {
	switch {
	case strings.Contains(path, "/resolve/"):
		bucket, quota = "resolvers", 3000
		if known {
			quota = 12_000
		}
	case strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/oauth/") || strings.Contains(path, "/info/") ||
		strings.Contains(path, "/git-"):
		bucket, quota = "api", 500
		if known {
			quota = 2500
		}
	default:
		bucket, quota = "pages", 100
		if known {
			quota = 400
		}
	}
	return bucket, quota
}
