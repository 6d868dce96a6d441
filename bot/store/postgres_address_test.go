package store

import (
	"strings"
	"testing"
)

// TestAddressIsNotShown opens addresses that are wrong, most by a password that is not encoded; no piece of what stands
// before the last @ may be in what is said.
func TestAddressIsNotShown(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://ottokar:xyz@wvu#ghj@127.0.0.1:1/hfbot":             "percent-encode the password",
		"postgres://ottokar:xyz@wvu@127.0.0.1:1/hfbot":                 "percent-encode the password",
		"postgres://ottokar:xyz#wvu@127.0.0.1:1/hfbot":                 "percent-encode the password",
		"postgres://ottokar:xyz@wvu/ghj@127.0.0.1:1/hfbot":             "percent-encode the password",
		"postgres://ottokar:xyz/wvu@127.0.0.1:1/hfbot":                 "percent-encode the password",
		"postgres://ottokar:xyz?wvu@127.0.0.1:1/hfbot":                 "percent-encode the password",
		"postgres://ottokar:xyz@wvu?ghj@127.0.0.1:1/hfbot":             "percent-encode the password",
		"postgres://ottokar:xyz%wvu@127.0.0.1:1/hfbot":                 "percent-encode the password",
		"postgres://ottokar:xyz wvu@127.0.0.1:1/hfbot":                 "percent-encode the password",
		"postgres://ottokar:xyz[wvu]@127.0.0.1:1/hfbot":                "percent-encode the password",
		"postgresql://ottokar:xyz`wvu@127.0.0.1:1/hfbot":               "percent-encode the password",
		"postgres://ottokar:xyz@127.0.0.1:ghjk/hfbot":                  "percent-encode the password",
		"postgres://ottokar:xyz@127.0.0.1:99999/hfbot":                 "the address cannot be used: invalid port",
		"postgres://ottokar:xyz@127.0.0.1:1/hfbot?sslmode=much":        "the address cannot be used: failed to configure TLS (sslmode is invalid)",
		"postgres://ottokar:xyz@127.0.0.1:1/hfbot?pool_max_conns=many": "the address cannot be used: cannot parse pool_max_conns",
	} {
		_, err := Open(t.Context(), address)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant: %s", address, err, want)
			continue
		}
		for _, piece := range []string{"ottokar", "xyz", "wvu", "ghj"} {
			if strings.Contains(err.Error(), piece) {
				t.Errorf("%s shows %s: %v", address, piece, err)
			}
		}
	}
}

// TestAddressThatIsRead takes passwords with encoded signs, and sockets.
func TestAddressThatIsRead(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://bot:p%40w%231%2F%3F%25@127.0.0.1/x":   "p@w#1/?%",
		"postgres://bot:pw@/hfbot?host=/run/p&port=54399": "pw",
		"postgres:///hfbot?host=/run/p&user=bot":          "",
		"postgres://127.0.0.1/hfbot#x":                    "",
	} {
		config, err := postgresConfig(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
		} else if config.ConnConfig.Password != want {
			t.Errorf("%s: the password is read as %q, want %q", address, config.ConnConfig.Password, want)
		}
	}
}
