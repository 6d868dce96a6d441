//go:build unix

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
	killed(t, "sqlite:"+filepath.Join(t.TempDir(), "bot.db"), 1, nil)
}

// TestKilledPostgres kills any of three bots on PostgreSQL at random moments under load. Once in a while of a long torture
// it is the database that crashes, or loses its connections.
func TestKilledPostgres(t *testing.T) {
	t.Parallel()
	server := pgtest.New(t)
	database := server.Database(t)
	killed(t, database, 3, func() error {
		if rand.IntN(2) == 0 {
			server.CutConnections(t, "bot1")
			return nil
		}
		if err := server.Stop(); err != nil {
			return err
		}
		return server.Start()
	})
}

// disturbEvery is after how many kills, on average, the database is disturbed.
const disturbEvery = 40

func killed(t *testing.T, database string, instances int, disturb func() error) {
	ctx := t.Context()
	s := newScene(ctx, t, database, instances)
	until, err := time.ParseDuration(os.Getenv("HFBOT_TORTURE"))
	if err != nil {
		until, disturb = 0, nil
	}
	started, kills, disturbed := time.Now(), 0, 0
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
		if disturb != nil && rand.IntN(disturbEvery) == 0 {
			disturbed++
			if err := disturb(); err != nil {
				t.Error(err)
			}
		}
	}
	enough()
	wait()
	s.settle(ctx)
	s.verify(ctx, kills)
	if disturb != nil {
		t.Logf("the database crashed or lost its connections %d times", disturbed)
	}
}
