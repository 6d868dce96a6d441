package bot

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/hfbot/hfbot/bot/run"
)

// egress says which addresses actions may call besides those on the public internet.
type egress struct {
	private bool           // all
	allowed []netip.Prefix // these
}

// newEgress reads the settings. An allowed entry is an address or a network, such as 10.0.0.5 or 10.1.0.0/16.
func newEgress(private bool, allowed []string) (egress, error) {
	networks, err := readNetworks("allow_egress", allowed)
	return egress{private: private, allowed: networks}, err
}

// mapped is the length of the prefix under which IPv6 has the addresses of IPv4: ::ffff:0:0/96.
const mapped = 96

// readNetworks reads the addresses and networks of a setting.
func readNetworks(setting string, texts []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if ip, notOne := netip.ParseAddr(text); err != nil && notOne == nil {
			network, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no address and no network, such as 10.0.0.5 or 10.1.0.0/16", setting, text)
		}
		if network.Addr().Is4In6() && network.Bits() >= mapped { // addresses are compared without it
			network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-mapped)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// client is the HTTP client that actions get. It refuses to connect to loopback, private, link-local and other addresses
// that are not on the public internet and not allowed, after the name is resolved, so that neither a rule nor a redirect
// can reach the bot's own network.
func (e egress) client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = e.dialer().DialContext
	transport.Proxy = nil // a proxy would connect on our behalf and make the check void
	transport.ResponseHeaderTimeout = time.Minute
	return &http.Client{Transport: run.Fence(transport)}
}

// dialer connects to what may be called; it looks at the address it dials, not at the name.
func (e egress) dialer() *net.Dialer {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if !e.private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return e.check(address) }
	}
	return dialer
}

// check refuses an "ip:port" that is not a public unicast address, unless it is allowed.
func (e egress) check(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("egress to %q: %w", address, err)
	}
	ip := to.Addr().Unmap()
	for _, network := range e.allowed {
		if network.Contains(ip) {
			return nil
		}
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || reserved(ip) {
		return fmt.Errorf("egress to %s refused: not a public address (if actions may call it, set "+
			"HFBOT_ALLOW_EGRESS=%s, or HFBOT_ALLOW_PRIVATE_EGRESS=true for all private networks)", ip, ip)
	}
	return nil
}

// reservedNets are ranges that IsGlobalUnicast admits although nothing public is there (RFC 6890 and successors, and
// https://www.iana.org/assignments/iana-ipv6-special-registry).
var reservedNets = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),    // carrier-grade NAT, also cloud-internal services
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's own, with the machine's configuration
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), // documentation, likewise the next two
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"), // 6to4 relays
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),          // IPv4 behind IPv6, as was once meant
	netip.MustParsePrefix("64:ff9b::/96"),   // NAT64 reaches IPv4 behind it
	netip.MustParsePrefix("64:ff9b:1::/48"), // likewise, of one's own network
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/32"), // Teredo, another tunnel to IPv4
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4, likewise
	netip.MustParsePrefix("fec0::/10"), // site-local, from before unique local addresses
}

func reserved(ip netip.Addr) bool {
	for _, n := range reservedNets {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}
