package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// probeTimeout bounds the whole of a probe, with all the addresses that a host's name has.
const probeTimeout = 15 * time.Second

// errNoTables says that the role may not make the bot's tables, which are not there.
var errNoTables = errors.New("the role may not make tables in it; " + ownIt)

// ownIt is what to do about a role that may not make tables.
const ownIt = "make the role the database's owner: alter database NAME owner to ROLE"

// ProbePostgres signs in to the database at an address as Open does, and looks whether the bot's tables are there or could
// be made. It changes nothing. It returns where the database is, if the address tells.
func ProbePostgres(ctx context.Context, address string) (where string, err error) {
	config, err := postgresConfig(address)
	if err != nil {
		return "", err
	}
	where = place(config.ConnConfig)
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return where, plainly(err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var there, may bool
	err = conn.QueryRow(ctx, `SELECT to_regclass('schema_version') IS NOT NULL AND to_regclass('deliveries') IS NOT NULL,
		COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false)`).Scan(&there, &may)
	if err == nil && !there && !may {
		err = errNoTables
	}
	return where, err
}

// place names the server and the database for people.
func place(c *pgx.ConnConfig) string {
	if strings.HasPrefix(c.Host, "/") {
		return fmt.Sprintf("%s in %s (port %d)", c.Database, c.Host, c.Port)
	}
	return fmt.Sprintf("%s at %s:%d", c.Database, c.Host, c.Port)
}

// plainly says why the database does not let the bot in, and what to do about it. The driver tries each address with TLS
// and without it, and tells of all, those first that came to nothing; what the server itself said is the cause.
func plainly(err error) error {
	pg, connect := new(pgconn.PgError), new(pgconn.ConnectError)
	connecting := errors.As(err, &connect)
	switch {
	case errors.As(err, &pg) && connecting:
		return fmt.Errorf("%w%s", pg, remedy(pg.Code))
	case pg.Code != "":
		return fmt.Errorf("%w%s", err, remedy(pg.Code))
	case !connecting:
		return err
	}
	var texts []string // the same for each way that was tried, mostly
	for line := range strings.Lines(connect.Unwrap().Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(texts, line) {
			texts = append(texts, line)
		}
	}
	return &unreachable{text: strings.Join(texts, "; "), cause: err}
}

// unreachable is a connection that did not come about, in one line.
type unreachable struct {
	text  string
	cause error
}

func (e *unreachable) Error() string { return e.text }

func (e *unreachable) Unwrap() error { return e.cause }

// remedy is what to do about a refusal of the server.
func remedy(code string) string {
	switch code {
	case "28P01", "28000": // invalid_password, invalid_authorization_specification
		return "; look at the user and the password, which is percent-encoded in the address"
	case "3D000": // invalid_catalog_name
		return "; make it: create database NAME owner ROLE"
	case "42501": // insufficient_privilege
		return "; " + ownIt
	}
	return ""
}
