package hub

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Budget is how many calls of a kind the Hub still allows in its present window, as its latest answer said
// (https://huggingface.co/docs/hub/rate-limits).
type Budget struct {
	Kind      string // api, resolvers or pages
	Remaining int
	Quota     int // of a whole window; 0: not said
	ResetAt   time.Time
}

// quota is in the header RateLimit-Policy: `"fixed window";"api";q=500;w=300`.
var quota = regexp.MustCompile(`\bq\s*=\s*(\d{1,9})`)

// parseQuota reads how many calls a window allows; 0 without the header.
func parseQuota(header http.Header) int {
	found := quota.FindStringSubmatch(header.Get("RateLimit-Policy"))
	if found == nil {
		return 0
	}
	q, _ := strconv.Atoi(found[1])
	return q
}

// Budgets tells what the Hub said last about each kind of call, by kind. It makes no call.
func (c *Client) Budgets() []Budget {
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	var list []Budget
	for kind, w := range c.budget.windows {
		if !w.end.IsZero() {
			list = append(list, Budget{kind, w.left, w.quota, w.end.Add(-time.Second)})
		}
	}
	slices.SortFunc(list, func(a, b Budget) int { return cmp.Compare(a.Kind, b.Kind) })
	return list
}
