package emulator

import (
	"github.com/labstack/echo/v4"
)

// standardHeaders sets what every answer of the Hub carries: an id to report problems by, and the rate limit, which is
// shown and never used up (https://huggingface.co/docs/hub/rate-limits).
func standardHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		id := c.Request().Header.Get("X-Request-Id")
		if id == "" || len(id) > 200 {
			id = newID()
		}
		header.Set("X-Request-Id", id)
		header.Set("RateLimit", `"api";r=2499;t=300`)
		header.Set("RateLimit-Policy", `"fixed window";"api";q=2500;w=300`)
		return next(c)
	}
}
