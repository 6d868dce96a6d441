package bot

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

func TestServeEndsWhenNothingCanBeReceived(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte("version: 1\nrules: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := New(t.Context(), Options{
		Endpoint: "http://127.0.0.1:9", Rules: []string{rules}, Database: "sqlite::memory:", Listen: "127.0.0.1:0", WorkDir: dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.listener.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := b.Serve(ctx); !errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
		t.Errorf("Serve: %v, want that the listener is closed, before the test's own limit (%v)", err, ctx.Err())
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
