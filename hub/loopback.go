package hub

import (
	"net"
	"net/url"
)

// OnThisMachine tells whether a URL, such as the endpoint of a local Hub, leads to this machine.
func OnThisMachine(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}
