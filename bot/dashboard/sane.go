package dashboard

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// longestQuery is the most bytes of an address behind its "?". No form of the dashboard makes one that long, and each of
// them stands on the page again.
const longestQuery = 4 << 10

// sane is middleware that refuses addresses which nothing here leads to and which a database would stumble over: text that
// is not UTF-8, a NUL, a query without end.
func sane(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if len(r.URL.RawQuery) > longestQuery {
			return echo.NewHTTPError(http.StatusRequestURITooLong, "the address is too long")
		}
		// The query is checked as it is understood; what cannot be understood is left out of it anyway.
		for name, values := range r.URL.Query() {
			if !isText(name) || !isText(strings.Join(values, " ")) {
				return echo.NewHTTPError(http.StatusBadRequest, "the address is not UTF-8")
			}
		}
		if !isText(r.URL.Path) {
			return echo.NewHTTPError(http.StatusBadRequest, "the address is not UTF-8")
		}
		return next(c)
	}
}

// isText tells whether every database takes a text for one.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// visible shows characters that would not be seen, or would change how the rest is read, by signs: control characters such
// as the escape sequences of a terminal, and those that turn the direction of writing round. It is for HTML, where none of
// them means anything.
func visible(html string) string {
	if !strings.ContainsFunc(html, deceives) {
		return html
	}
	return strings.Map(func(r rune) rune {
		switch {
		case !deceives(r):
			return r
		case r < ' ':
			return r + '\u2400' // the picture of the control character
		}
		return utf8.RuneError
	}, html)
}

func deceives(r rune) bool {
	switch {
	case r < ' ':
		return r != '\n' && r != '\t' && r != '\r'
	case r >= 0x7f && r <= 0x9f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}
