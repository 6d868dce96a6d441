package hub

import "net/http"

// WithTransportWrapper puts something around the transport of the client, such as what counts its calls. Give it after
// [WithHTTPClient], if at all.
func WithTransportWrapper(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *Client) {
		carrier := http.Client{Transport: defaultTransport()}
		if c.http != nil {
			carrier = *c.http
		}
		if carrier.Transport == nil {
			carrier.Transport = http.DefaultTransport
		}
		carrier.Transport = wrap(carrier.Transport)
		c.http = &carrier
	}
}
