package database_test

import (
	"testing"

	"github.com/hfbot/hfbot/internal/database"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]struct {
		path     string
		postgres bool
		shown    string
	}{
		"sqlite:data/hfbot.db":           {path: "data/hfbot.db", shown: "sqlite:data/hfbot.db"},
		"sqlite:C:/hfbot.db":             {path: "C:/hfbot.db", shown: "sqlite:C:/hfbot.db"},
		"sqlite::memory:":                {path: database.Memory, shown: "sqlite::memory:"},
		"sqlite:":                        {shown: "sqlite"},
		"postgres://bot:hidden@host/db":  {postgres: true, shown: "postgres"},
		"postgresql://bot:hidden@host/b": {postgres: true, shown: "postgresql"},
		"postgres:host":                  {shown: "postgres"},
		"mysql://bot:hidden@host/db":     {shown: "mysql"},
		"":                               {},
	} {
		path, sqlite := database.SQLite(address)
		if sqlite != (want.path != "") || path != want.path {
			t.Errorf("%q names the file %q, %t; want %q", address, path, sqlite, want.path)
		}
		if got := database.Postgres(address); got != want.postgres {
			t.Errorf("%q is of PostgreSQL: %t", address, got)
		}
		if got := database.Shown(address); got != want.shown {
			t.Errorf("%q is shown as %q, want %q", address, got, want.shown)
		}
	}
}
