package store_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// as is the address of a database for another role.
func as(t *testing.T, address, role string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "hush")
	return u.String()
}

// TestProbePostgres wants the probe to say of a database what Open does, and to change nothing.
func TestProbePostgres(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t)
	server.Exec(t, "postgres", "CREATE ROLE guest LOGIN; CREATE ROLE owner LOGIN")
	empty, full, own := pgtest.Database(t, nil), pgtest.Database(t, migrate), pgtest.Database(t, nil)
	server.Exec(t, nameOf(t, empty), "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
	server.Exec(t, nameOf(t, full), `REVOKE CREATE ON SCHEMA public FROM PUBLIC;
		GRANT ALL ON ALL TABLES IN SCHEMA public TO guest; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO guest`)
	server.Exec(t, "postgres", "ALTER DATABASE "+nameOf(t, own)+" OWNER TO owner")
	for name, tc := range map[string]struct{ address, want string }{
		"nobody there":               {"postgres://bot:hush@127.0.0.1:1/bot", "connection refused"},
		"no such role":               {as(t, empty, "nobody"), `role "nobody" does not exist`},
		"no such database":           {server.URL("none"), "create database NAME owner ROLE"},
		"may not make tables":        {as(t, empty, "guest"), "make the role the database's owner"},
		"tables are there":           {as(t, full, "guest"), ""},
		"owner":                      {as(t, own, "owner"), ""},
		"password that is not coded": {"postgres://bot:hu#sh@127.0.0.1:1/bot", "percent-encode the password"},
	} {
		_, err := store.ProbePostgres(t.Context(), tc.address)
		told(t, name+", probed", err, tc.want)
		if strings.HasPrefix(name, "owner") { // so that the probe, which came first, is seen to have made nothing
			if made := server.Exec(t, nameOf(t, own), "SELECT relname FROM pg_class WHERE relname = 'deliveries'"); len(made) > 0 {
				t.Error("the probe made tables")
			}
		}
		s, err := store.Open(t.Context(), tc.address)
		told(t, name+", opened", err, tc.want)
		if err == nil {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// told wants an error of one line that says so, and no secret; with "" none.
func told(t *testing.T, name string, err error, want string) {
	t.Helper()
	switch {
	case err == nil && want == "":
	case err == nil || want == "" || !strings.Contains(err.Error(), want):
		t.Errorf("%s: %v\nwant: %s", name, err, want)
	case strings.Contains(err.Error(), "hush"), strings.Contains(err.Error(), "\n"):
		t.Errorf("%s: a secret, or more than a line: %v", name, err)
	}
}

func nameOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}
