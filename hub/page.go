package hub

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
)

// maxPages bounds how far a list is followed.
const maxPages = 10_000

// nextLink is the part of a Link header that names the next page.
var nextLink = regexp.MustCompile(`<([^<>]*)>\s*;\s*rel="?next"?`)

// list yields the entries of a list that the Hub gives page by page as JSON arrays, the next page in the Link header.
func list[T any](ctx context.Context, c *Client, first call) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		next := first
		for range maxPages {
			var page []T
			header, err := c.json(ctx, next, &page)
			if err != nil {
				yield(none, err)
				return
			}
			for _, entry := range page {
				if !yield(entry, nil) {
					return
				}
			}
			address, err := c.nextPage(next.url, header)
			if err != nil {
				yield(none, err)
				return
			}
			if address == "" {
				return
			}
			next.url, next.query = address, nil
		}
		yield(none, fmt.Errorf("hub: GET %s: the list has more than %d pages", first.url, maxPages))
	}
}

// nextPage is the address of the page after current, "" after the last. The token goes along, so the address must be
// on the Hub.
func (c *Client) nextPage(current string, header http.Header) (string, error) {
	for _, value := range header.Values("Link") {
		found := nextLink.FindStringSubmatch(value)
		if found == nil {
			continue
		}
		base, err := url.Parse(current)
		if err != nil {
			return "", errors.New("hub: malformed address")
		}
		next, err := base.Parse(found[1])
		if err != nil {
			return "", errors.New("hub: the link to the next page is malformed")
		}
		if !sameOrigin(next, c.endpoint) {
			return "", fmt.Errorf("hub: the next page is on another host, %s, than the endpoint", next.Host)
		}
		if next.String() == current {
			return "", errors.New("hub: the link to the next page leads to the same page")
		}
		return next.String(), nil
	}
	return "", nil
}

// convert maps the entries of a sequence.
func convert[From, To any](entries iter.Seq2[From, error], to func(From) To) iter.Seq2[To, error] {
	return func(yield func(To, error) bool) {
		for entry, err := range entries {
			var converted To
			if err == nil {
				converted = to(entry)
			}
			if !yield(converted, err) {
				return
			}
		}
	}
}
