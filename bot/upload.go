package bot

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/internal/database"
)

// uploadDir is where large uploads under way are noted for the process after this one: beside a SQLite file, which has
// one bot, else under the work folder that was set, which the bots of a PostgreSQL database may share. Each database has a
// folder of its own there: a bot removes the uploads of runs that its database does not know. The system's temporary folder
// is no place for it: others can write there, and it may not outlive the machine.
func uploadDir(opts Options) string {
	path, isSQLite := database.SQLite(opts.Database)
	switch {
	case isSQLite && path == database.Memory:
		return ""
	case isSQLite:
		return path + ".uploads"
	case opts.WorkDir != "":
		place, err := store.PostgresPlace(opts.Database)
		if err != nil {
			return "" // of no database that can be opened
		}
		hash := sha256.Sum256([]byte(place))
		return filepath.Join(opts.WorkDir, "hfbot-"+hex.EncodeToString(hash[:4])+".uploads")
	}
	return ""
}
