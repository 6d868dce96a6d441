package bot

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/hfbot/hfbot/bot/run"
)

// egressClient is the HTTP client that actions get. Unless private is true it refuses to connect to loopback,
// private, link-local and other addresses that are not on the public internet, after the name is resolved, so that
// neither a rule nor a redirect can reach the bot's own network.
func egressClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return publicOnly(address) }
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = dialer.DialContext
	transport.Proxy = nil // a proxy would connect on our behalf and make the check void
	transport.ResponseHeaderTimeout = time.Minute
	return &http.Client{Transport: run.Fence(transport)}
}

// onLoopback tells whether a base URL is on this machine. A bot whose Hub is, is being tried out, with everything it
// calls beside it.
func onLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// publicOnly refuses an "ip:port" that is not a public unicast address.
func publicOnly(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("egress to %q: %w", address, err)
	}
	ip := to.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || reserved(ip) {
		return fmt.Errorf("egress to %s refused: not a public address "+
			"(set HFBOT_ALLOW_PRIVATE_EGRESS=true if actions may call private networks)", ip)
	}
	return nil
}

// reservedNets are ranges that IsGlobalUnicast admits although nothing public is there (RFC 6890 and successors).
var reservedNets = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT, also cloud-internal services
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // NAT64 reaches IPv4 behind it
	netip.MustParsePrefix("2002::/16"),    // 6to4, likewise
}

func reserved(ip netip.Addr) bool {
	for _, n := range reservedNets {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}
