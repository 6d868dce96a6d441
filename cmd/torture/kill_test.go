package torture_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// quickKills is how often `make test` kills; HFBOT_TORTURE says for how long `make torture` does.
const quickKills = 5

// TestKilledSQLite kills one bot on SQLite at random moments under load.
func TestKilledSQLite(t *testing.T) {
	t.Parallel()
	killed(t, "sqlite:"+filepath.Join(t.TempDir(), "bot.db"), 1)
}

// TestKilledPostgres kills any of three bots on PostgreSQL at random moments under load.
func TestKilledPostgres(t *testing.T) {
	t.Parallel()
	killed(t, pgtest.Database(t, nil), 3)
}

func killed(t *testing.T, database string, instances int) {
	ctx := t.Context()
	s := newScene(ctx, t, database, instances)
	until, err := time.ParseDuration(os.Getenv("HFBOT_TORTURE"))
	if err != nil {
		until = 0
	}
	started, kills := time.Now(), 0
	loading, enough := context.WithCancel(ctx)
	defer enough()
	wait := s.load(loading, 4)
	for kills < quickKills || time.Since(started) < until {
		time.Sleep(time.Duration(100+rand.IntN(900)) * time.Millisecond) // the moment is random, nothing depends on it
		p := s.instances[rand.IntN(instances)]
		p.kill()
		kills++
		if err := p.start(ctx); err != nil {
			enough()
			wait()
			t.Fatal(err)
		}
	}
	enough()
	wait()
	s.settle(ctx)
	s.verify(ctx, kills)
}
