package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// Filter narrows lists; zero fields do not.
type Filter struct {
	Rule     string // deliveries: the rule's verdict is another than not_matched, unless Verdict says which
	State    string
	Repo     string // full name
	Verdict  string // deliveries: some rule's verdict (not_matched: every rule's); with Rule, that rule's
	Text     string // part of the repository's name, of a run's rule or error; or an id
	Delivery string // runs: of this delivery
	Before   string // the id to page from: only older ones
	Limit    int    // 0: 50; at most 500
}

const (
	defaultLimit = 50
	maximalLimit = 500
	// window is how many rows a page looks through when no index answers its filter by itself. What is older comes with
	// the next page, so that no page takes longer because there are more rows.
	window = 2_000
)

func (f Filter) limit() int {
	if f.Limit <= 0 {
		return defaultLimit
	}
	return min(f.Limit, maximalLimit)
}

// conditions builds a WHERE clause. The SQL texts are constants of this package; what users give is an argument.
type conditions struct {
	texts []string
	args  []any
	loose bool // rows must be looked through: no single index answers
}

func (c *conditions) add(text string, args ...any) {
	c.texts, c.args = append(c.texts, text), append(c.args, args...)
}

func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(column+" = ?", value)
	}
}

// contains wants text in one of the columns, whatever the case, or the id to be the text.
func (c *conditions) contains(text string, columns ...string) {
	if text == "" {
		return
	}
	c.loose = true
	pattern := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(text)) + "%"
	parts, args := []string{"id = ?"}, []any{text}
	for _, column := range columns {
		parts, args = append(parts, `LOWER(`+column+`) LIKE ? ESCAPE '\'`), append(args, pattern)
	}
	c.add("("+strings.Join(parts, " OR ")+")", args...)
}

// page adds the bounds of a page of a table: before an id, and where rows must be looked through, a floor. It returns the
// floor, empty when there is none.
func (c *conditions) page(ctx context.Context, q querier, table, before string) (floor string, err error) {
	loose := c.loose || len(c.texts) > 1
	if before != "" {
		c.add("id < ?", before)
	}
	if !loose {
		return "", nil
	}
	text, args := "SELECT id FROM "+table, []any{}
	if before != "" {
		text, args = text+" WHERE id < ?", append(args, before)
	}
	err = q.QueryRowContext(ctx, text+" ORDER BY id DESC LIMIT 1 OFFSET ?", append(args, window-1)...).Scan(&floor)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	c.add("id >= ?", floor)
	return floor, nil
}

func (c *conditions) sql() (string, []any) {
	if len(c.texts) == 0 {
		return "", nil
	}
	return "WHERE " + strings.Join(c.texts, " AND "), c.args
}

// following is the id to page on from: the last of a full page, else the floor that was looked down to.
func following[T any](page []T, limit int, floor string, id func(T) string) string {
	if len(page) == limit {
		return id(page[len(page)-1])
	}
	return floor
}
