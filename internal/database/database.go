// Package database tells what the address of a database means, as it stands in the settings: a SQLite file or PostgreSQL.
package database

import "strings"

// Memory is the path of a SQLite database that is gone when it is closed.
const Memory = ":memory:"

// SQLite is the path that an address such as sqlite:data/hfbot.db names; ok is false when it names no SQLite database.
func SQLite(address string) (path string, ok bool) {
	path, ok = strings.CutPrefix(address, "sqlite:")
	if !ok || path == "" {
		return "", false
	}
	return path, true
}

// Postgres tells whether an address names a PostgreSQL database.
func Postgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// Shown is what may be shown of an address: of other than SQLite only the scheme, since the rest may hold a password.
func Shown(address string) string {
	if _, ok := SQLite(address); ok {
		return address
	}
	scheme, _, _ := strings.Cut(address, ":")
	return scheme
}
