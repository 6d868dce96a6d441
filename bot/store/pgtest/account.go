package pgtest

import (
	"errors"
	"os/user"
	"strconv"
)

// account is whom a program is run as.
type account struct{ uid, gid int }

// unprivileged is an account that root can run the server as.
func unprivileged() (*account, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil {
			return &account{uid, gid}, nil
		}
	}
	return nil, errors.New("pgtest: neither a user postgres nor nobody to run the server as")
}
