package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
)

// explanation decodes what matching wrote; nil until a delivery is matched.
func explanation(d *store.Delivery) (*rule.Explanation, error) {
	if len(d.Explanation) == 0 {
		return nil, nil
	}
	e := new(rule.Explanation)
	if err := json.Unmarshal(d.Explanation, e); err != nil {
		return nil, fmt.Errorf("decode the explanation of delivery %s: %w", d.ID, err)
	}
	return e, nil
}

// missing is the page for what is not there.
func missing(c echo.Context, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return show(c, http.StatusNotFound, "missing", page{Title: "Not found"})
}
