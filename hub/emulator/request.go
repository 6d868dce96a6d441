package emulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
)

// decodeJSON reads a JSON body. An empty body leaves into as it is, as many calls have an optional one.
func decodeJSON(c echo.Context, into any) error {
	body := http.MaxBytesReader(c.Response(), c.Request().Body, bodyLimit)
	err := json.NewDecoder(body).Decode(into)
	var tooBig *http.MaxBytesError
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &tooBig):
		return fail(c, http.StatusRequestEntityTooLarge, "", "request entity too large")
	}
	return fail(c, http.StatusBadRequest, "", "the body is not the JSON this call takes: "+err.Error())
}

// flag reads a boolean query parameter: "1", "true" and "True" are yes.
func flag(c echo.Context, name string) bool {
	yes, err := strconv.ParseBool(c.QueryParam(name))
	return err == nil && yes
}

// number reads a numeric query parameter and keeps it between low and high; otherwise is for when there is none.
func number(c echo.Context, name string, otherwise, low, high int) int {
	n, err := strconv.Atoi(c.QueryParam(name))
	if err != nil {
		return otherwise
	}
	return min(max(n, low), high)
}

// asked lists the values of a repeated parameter, which clients write as name or as name[].
func asked(c echo.Context, name string) []string {
	query := c.QueryParams()
	return append(query[name], query[name+"[]"]...)
}
