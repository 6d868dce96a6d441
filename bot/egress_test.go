package bot

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func TestEgressCheck(t *testing.T) {
	t.Parallel()
	e, err := newEgress(false, []string{"10.9.8.7", "172.20.0.0/16", "::ffff:10.9.8.9", "::ffff:172.24.0.0/112"})
	if err != nil {
		t.Fatal(err)
	}
	for address, allowed := range map[string]bool{
		"140.82.112.3:443":           true,
		"[2606:50c0:8000::153]:443":  true,
		"10.9.8.9:80":                true,
		"172.24.255.255:80":          true,
		"172.25.0.0:80":              false,
		"127.0.0.1:80":               false,
		"127.8.9.10:80":              false,
		"[::1]:80":                   false,
		"[::ffff:127.0.0.1]:80":      false,
		"10.0.0.1:80":                false,
		"172.16.0.1:80":              false,
		"192.168.1.1:80":             false,
		"[::ffff:192.168.1.1]:80":    false,
		"169.254.169.254:80":         false,
		"[fe80::1]:80":               false,
		"[fd00::1]:80":               false,
		"100.64.0.1:80":              false,
		"0.0.0.0:80":                 false,
		"0.1.2.3:80":                 false,
		"[::]:80":                    false,
		"224.0.0.1:80":               false,
		"255.255.255.255:80":         false,
		"[64:ff9b::7f00:1]:80":       false,
		"[2002:7f00:1::]:80":         false,
		"not an address":             false,
		"198.18.0.1:80":              false,
		"240.0.0.1:80":               false,
		"[2001:4860:4860::8888]:443": true,
		"[fe80::1%lo]:80":            false,
		"[fec0::1]:80":               false,
		"[::127.0.0.1]:80":           false,
		"[2001:0:7f00:1::]:80":       false,
		"[64:ff9b:1::a00:1]:80":      false,
		"168.63.129.16:80":           false,
		"100.100.100.200:80":         false,
		"[fd00:ec2::254]:80":         false,
		"10.9.8.7:80":                true, // allowed below, likewise the next two
		"172.20.1.1:443":             true,
		"[::ffff:10.9.8.7]:80":       true,
		"172.21.1.1:443":             false,
	} {
		if err := e.check(address); (err == nil) != allowed {
			t.Errorf("check(%q) = %v, want allowed %v", address, err, allowed)
		}
	}
	if _, err := newEgress(false, []string{"ten"}); err == nil || !strings.Contains(err.Error(), `allow_egress: "ten" is no address`) {
		t.Errorf("error %v", err)
	}
}

// resolver answers any name with the addresses in turn, the last one for ever.
func resolver(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for asked := 0; ; {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return // the test is over
			}
			var query dnsmessage.Message
			if query.Unpack(buffer[:n]) != nil || len(query.Questions) != 1 {
				continue
			}
			query.Response, query.Additionals = true, nil
			if q := query.Questions[0]; q.Type == dnsmessage.TypeA {
				ip := netip.MustParseAddr(addresses[min(asked, len(addresses)-1)])
				asked++
				query.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: ip.As4()},
				}}
			}
			if answer, err := query.Pack(); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// Every action that calls out refuses what is not public, however the address is written and wherever a name or a
// redirect leads.
func TestActionsDoNotReachTheBotsNetwork(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	// The gate stands for a public server: it is on another loopback address, which is allowed.
	gate := httptest.NewUnstartedServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	gate.Listener = listener
	gate.Start()
	t.Cleanup(gate.Close)
	e, err := newEgress(false, []string{"127.0.0.2"})
	if err != nil {
		t.Fatal(err)
	}
	client := e.client()
	rebound := e.dialer()
	rebound.Resolver = resolver(t, "127.0.0.2", "127.0.0.1") // first the gate, then the inside
	renamed := &http.Client{Transport: &http.Transport{DialContext: rebound.DialContext, DisableKeepAlives: true}}

	steps := map[string]func(address string) map[string]any{
		"http.request": func(a string) map[string]any { return map[string]any{"url": a} },
		"llm.chat":     func(a string) map[string]any { return map[string]any{"model": "m", "prompt": "p", "base_url": a} },
		"ci.gitlab":    func(a string) map[string]any { return map[string]any{"project": "a/b", "api_url": a} },
		"ci.github": func(a string) map[string]any {
			return map[string]any{"repository": "a/b", "event_type": "e", "api_url": a}
		},
		"notify.slack":   func(string) map[string]any { return map[string]any{"text": "t"} },
		"notify.discord": func(string) map[string]any { return map[string]any{"text": "t"} },
		"hub.upload":     func(a string) map[string]any { return map[string]any{"path": "p", "url": a, "repo": "a/b"} },
	}
	run := func(uses, address string, client *http.Client) error {
		entry, ok := actions.Default.Get(uses)
		if !ok {
			t.Fatalf("no action %s", uses)
		}
		_, err := entry.Run(t.Context(), &actions.Runtime{
			HTTP: client, Key: "k", Dir: t.TempDir(), Log: zap.NewNop(),
			Secrets: map[string]hub.Secret{"token": "t", "webhook_url": hub.Secret(address), "authorization": ""},
		}, steps[uses](address))
		return err
	}
	for uses := range steps {
		for _, host := range []string{
			"127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]",
		} {
			if err := run(uses, "http://"+host+":"+port+"/x", client); err == nil {
				t.Errorf("%s called %s", uses, host)
			}
		}
		err := run(uses, "http://169.254.169.254/latest/meta-data", client)
		if err == nil || !strings.Contains(err.Error(), "not a public address") {
			t.Errorf("%s: %v, want a refusal that says why", uses, err)
		}
		if err := run(uses, gate.URL, client); err == nil {
			t.Errorf("%s followed a redirect inside", uses)
		}
	}
	_, gatePort, _ := net.SplitHostPort(gate.Listener.Addr().String())
	for i := range 2 { // the name leads to the gate while it is looked up first
		err := run("http.request", fmt.Sprintf("http://public.example:%s/", []string{gatePort, port}[i]), renamed)
		if err == nil || !strings.Contains(err.Error(), "not a public address") {
			t.Errorf("a name that leads elsewhere: %v, want a refusal that says why", err)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the inside was called %d times", n)
	}
	if all, err := newEgress(true, nil); err != nil || run("http.request", inside.URL, all.client()) != nil {
		t.Errorf("a private address is refused although all are allowed: %v", err)
	}
}
