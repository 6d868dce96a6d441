package hub

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

const maxRedirects = 10

// redirectPolicy decides which redirects a call follows. The Hub redirects the calls for a renamed repository (on
// itself) and the content of large files (to other hosts, where the token has no business).
type redirectPolicy struct {
	endpoint *url.URL
	leave    bool // follow out of the Hub too
}

// check implements http.Client.CheckRedirect.
func (p redirectPolicy) check(req *http.Request, via []*http.Request) error {
	err := p.decide(req, via)
	if err != nil && !errors.Is(err, http.ErrUseLastResponse) {
		return &refusal{error: err}
	}
	return err
}

func (p redirectPolicy) decide(req *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("stopped after %d redirects", maxRedirects)
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return fmt.Errorf("refused a redirect to the scheme %q", req.URL.Scheme)
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme == "http" {
		return errors.New("refused a redirect from https to http")
	}
	first := via[0]
	if first.Method != req.Method {
		return fmt.Errorf("refused a redirect that turns %s into %s", first.Method, req.Method)
	}
	inside := sameOrigin(req.URL, p.endpoint)
	for _, hop := range via {
		inside = inside && sameOrigin(hop.URL, p.endpoint)
	}
	if inside {
		return nil
	}
	if first.Method != http.MethodGet && first.Method != http.MethodHead {
		return fmt.Errorf("refused a redirect of %s to another host, %s", first.Method, req.URL.Host)
	}
	if !p.leave {
		return http.ErrUseLastResponse
	}
	// net/http itself keeps credentials for subdomains, other ports and plain http; here they stay on the endpoint.
	for _, name := range []string{"Authorization", "Cookie", "Referer"} {
		req.Header.Del(name)
	}
	return nil
}

// sameOrigin tells whether two addresses have scheme, host and port in common.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Hostname() == b.Hostname() && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	default:
		return "80"
	}
}
