package cmd

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"
)

// checkPostgres asks whether the database's address can be reached; signing in is left to serve, which also migrates.
func (d *doctor) checkPostgres(ctx context.Context) finding {
	u, err := url.Parse(d.cfg.Database)
	if err != nil {
		return finding{"database", checkFail, "the URL of the database cannot be read", "write it as postgres://USER:PASSWORD@HOST/NAME"}
	}
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	host := net.JoinHostPort(u.Hostname(), port)
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return finding{
			"database", checkFail, fmt.Sprintf("PostgreSQL at %s cannot be reached: %v", host, err),
			"look at its address and the firewall; Spaces reach other machines at ports 80, 443 and 8080 only",
		}
	}
	if err := conn.Close(); err != nil {
		return finding{"database", checkWarn, err.Error(), ""}
	}
	return finding{"database", checkOK, "PostgreSQL at " + host + " can be reached", ""}
}
