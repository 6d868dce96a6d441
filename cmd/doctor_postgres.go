package cmd

import (
	"context"
	"errors"
	"net"

	"github.com/hfbot/hfbot/bot/store"
)

// checkPostgres signs in as serve would, and asks whether the tables are there or could be made.
func (d *doctor) checkPostgres(ctx context.Context) finding {
	where, err := store.ProbePostgres(ctx, d.cfg.Database)
	name := "PostgreSQL"
	if where != "" {
		name += ", " + where
	}
	var network net.Error
	switch {
	case errors.As(err, &network):
		return finding{
			"database", checkFail, name + ": cannot be reached: " + err.Error(),
			"look at its address, whether it runs, and the firewall; Spaces reach other machines at ports 80, 443 and 8080 only",
		}
	case err != nil: // it says itself what to do
		return finding{"database", checkFail, name + ": " + err.Error(), ""}
	}
	return finding{"database", checkOK, name + ": the bot may sign in, and has its tables or may make them", ""}
}
