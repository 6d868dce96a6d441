package store

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// errPassword is said of an address of which nobody can tell where the password ends: what is shown of it might be a part.
var errPassword = errors.New("the address cannot be read; percent-encode the password (# is %23, / is %2F, ? is %3F, @ is " +
	"%40, % is %25), and an @ in the parameters")

// PostgresPlace tells of a URL which database it leads to: its host, port and name, and the schema if one is set, without
// user and password.
func PostgresPlace(address string) (string, error) {
	config, err := postgresConfig(address)
	if err != nil {
		return "", err
	}
	to := config.ConnConfig
	return fmt.Sprintf("%q %d %q %q", to.Host, to.Port, to.Database, to.RuntimeParams["search_path"]), nil
}

// postgresConfig reads the URL, and sets what it leaves open. Its errors show nothing of the user and the password.
func postgresConfig(text string) (*pgxpool.Config, error) {
	u, err := parseAddress(text)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, withoutAddress(err)
	}
	if !u.Query().Has("connect_timeout") {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if !u.Query().Has("pool_max_conns") {
		config.MaxConns = poolSize
	}
	for key, value := range map[string]string{
		"application_name": "hfbot", "idle_in_transaction_session_timeout": pausedTimeout,
		"synchronous_commit": "on", // a 202 promises that the delivery is on the disk
	} {
		if config.ConnConfig.RuntimeParams[key] == "" {
			config.ConnConfig.RuntimeParams[key] = value
		}
	}
	return config, nil
}

// parseAddress reads the URL if its user and password end where they seem to. An "@", "#", "/" or "?" before the last "@"
// ends them for the driver, which then takes the rest of the password for the host, and names it when it is not found.
func parseAddress(text string) (*url.URL, error) {
	_, rest, _ := strings.Cut(text, "://")
	if strings.ContainsAny(rest[:max(0, strings.LastIndexByte(rest, '@'))], "@#/?") {
		return nil, errPassword
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errPassword // what url says names the address, or a part of the password as a port
	}
	return u, nil
}

// withoutAddress is what is wrong with an address, without the address.
func withoutAddress(err error) error {
	if e := new(pgconn.ParseConfigError); errors.As(err, &e) {
		text := e.Error()
		return errors.New("the address cannot be used" + text[strings.LastIndexByte(text, '`')+1:])
	}
	return err // of the pool's own parameters, which it names alone
}
