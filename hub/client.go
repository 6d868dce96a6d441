package hub

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultEndpoint is the public Hub.
const DefaultEndpoint = "https://huggingface.co"

// defaultAgent names the program in calls that set no agent of their own.
const defaultAgent = "hfbot-hub-client"

// Client calls one Hub with one token. It is safe for concurrent use; all calls of one Client share an [Allowance].
type Client struct {
	endpoint  *url.URL
	token     Secret
	agent     string
	http      *http.Client // follows redirects
	noFollow  *http.Client // follows redirects within the Hub only and returns the first one that leads out
	readOnly  bool
	observers []func(ctx context.Context, w Write)
	budget    *Allowance
	identity  *identityCache

	unfinished *unfinished
	warnings   *warnings   // nil without
	retries    func(Retry) // nil without
}

// Option changes how a Client works.
type Option func(*Client)

// WithHTTPClient sets the client that carries the calls. Its transport, cookie jar and timeout are kept; redirects
// follow the rules of this package: http and https only, and no credentials outside of the endpoint.
func WithHTTPClient(h *http.Client) Option {
	return func(c *Client) { c.http = h }
}

// WithUserAgent names the program in each call.
func WithUserAgent(agent string) Option {
	return func(c *Client) { c.agent = agent }
}

// New returns a client for endpoint (empty means [DefaultEndpoint]). An empty token calls anonymously.
func New(endpoint string, token Secret, opts ...Option) (*Client, error) {
	base, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	c := &Client{
		endpoint: base,
		token:    token,
		agent:    defaultAgent,
		budget:   NewAllowance(),
		identity: newIdentityCache(),

		unfinished: newUnfinished(""),
	}
	for _, opt := range opts {
		opt(c)
	}
	if c.http == nil {
		c.http = &http.Client{Transport: defaultTransport()}
	}
	carrier := *c.http
	c.http, c.noFollow = new(http.Client), new(http.Client)
	*c.http, *c.noFollow = carrier, carrier
	c.http.CheckRedirect = redirectPolicy{endpoint: base, leave: true}.check
	c.noFollow.CheckRedirect = redirectPolicy{endpoint: base}.check
	return c, nil
}

func parseEndpoint(endpoint string) (*url.URL, error) {
	if endpoint == "" {
		endpoint = DefaultEndpoint
	}
	base, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("hub: the endpoint is not a URL, use one like %s", DefaultEndpoint)
	}
	shown := cleanURL(base)
	base.Path, base.RawPath = strings.TrimRight(base.Path, "/"), ""
	switch {
	case base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return nil, fmt.Errorf("hub: endpoint %q is not an http or https URL", shown)
	case base.User != nil:
		return nil, fmt.Errorf("hub: endpoint %q has credentials in it, pass the token instead", shown)
	case base.RawQuery != "" || base.Fragment != "":
		return nil, fmt.Errorf("hub: endpoint %q has a query or fragment", shown)
	}
	return base, nil
}

// defaultTransport waits long enough for a commit of many files to be answered, but not for ever.
func defaultTransport() http.RoundTripper {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 2 * time.Minute
	transport.MaxResponseHeaderBytes = 1 << 20
	return transport
}

// ReadOnly returns a client on the same budget that refuses every write with [ErrReadOnly] (dry runs).
func (c *Client) ReadOnly() *Client {
	reader := *c
	reader.readOnly = true
	return &reader
}

// Format implements fmt.Formatter: a client prints as its endpoint, and with any verb without its token.
func (c Client) Format(state fmt.State, _ rune) { fmt.Fprintf(state, "hub client of %s", c.endpoint) }

// Endpoint is the base URL, without a slash at its end.
func (c *Client) Endpoint() string { return c.endpoint.String() }

// Token is the client's token, for the git transport.
func (c *Client) Token() Secret { return c.token }

// HTTP is the client that carries the calls, for the git transport.
func (c *Client) HTTP() *http.Client { return c.http }

// RepoURL is the web page (and git remote) of a repository.
func (c *Client) RepoURL(repo RepoRef) string { return c.url(repo.WebPath()) }

// url is the absolute address of an escaped path below the endpoint.
func (c *Client) url(path string) string { return c.endpoint.String() + path }
