package bot

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// listenError says why an address cannot be listened on, and what to do.
func listenError(address string, err error) error {
	if op := new(net.OpError); errors.As(err, &op) {
		err = op.Err // the rest of its text names the address again
	}
	hint := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		hint = "; another program has this port: stop it, or choose another with --listen (port 0 takes a free one)"
	case errors.Is(err, os.ErrPermission):
		hint = "; ports below 1024 are for root: choose another with --listen"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = "; this machine does not have that address: 127.0.0.1 is this machine only, 0.0.0.0 all of its addresses"
	}
	return fmt.Errorf("listen on %s: %w%s", address, err, hint)
}
