package bot

import (
	"net"
	"strings"
	"testing"
)

func TestListenError(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for address, want := range map[string]string{
		taken.Addr().String(): "another program has this port",
		"192.0.2.1:0":         "does not have that address", // a documentation address, RFC 5737
		"127.0.0.1:99999":     "invalid port",
	} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err == nil {
			_ = l.Close()
			t.Errorf("listening on %s succeeded", address)
			continue
		}
		got := listenError(address, err).Error()
		if !strings.Contains(got, want) || strings.Count(got, address) != 1 {
			t.Errorf("error %q; want %q, and the address once", got, want)
		}
	}
}
