//go:build unix

package torture_test

import (
	"context"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// cutEvery is after how many pieces of a conversation with the database, on average, it is cut.
const cutEvery = 150

// TestConnectionsAreCutAnywhere cuts the connections of two working bots to the database in the middle of what they ask and
// of what it answers: a transaction is lost halfway, or was committed and nobody heard of it. HFBOT_TORTURE says for how long.
func TestConnectionsAreCutAnywhere(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	scissors := newScissors(t, pgtest.Database(t, nil))
	s := newScene(ctx, t, scissors.url, 2)
	until, err := time.ParseDuration(os.Getenv("HFBOT_TORTURE"))
	if err != nil {
		until = 5 * time.Second
	}
	loading, enough := context.WithTimeout(ctx, until)
	defer enough()
	wait := s.load(loading, 4)
	scissors.sharp.Store(true)
	wait()
	scissors.sharp.Store(false)
	s.settle(ctx)
	s.verify(ctx, 0)
	asked, answered := scissors.asked.Load(), scissors.answered.Load()
	t.Logf("%d connections were cut in the middle of a question, %d before an answer", asked, answered)
	if asked == 0 || answered == 0 {
		t.Error("too few connections were cut")
	}
}

// scissors pass connections on to a database and cut them.
type scissors struct {
	t     *testing.T
	url   string // under which it is the database
	sharp atomic.Bool

	asked, answered atomic.Int64 // how many connections were cut, and when

	server net.Addr
}

// newScissors puts scissors before a database of a [pgtest.Server].
func newScissors(t *testing.T, database string) *scissors {
	t.Helper()
	address, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	query := address.Query()
	c := &scissors{t: t, server: &net.UnixAddr{Name: query.Get("host") + "/.s.PGSQL.5432", Net: "unix"}}
	query.Del("host")
	query.Set("sslmode", "disable")
	address.Host, address.RawQuery = listener.Addr().String(), query.Encode()
	c.url = address.String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.pass(conn)
		}
	}()
	return c
}

// pass connects a bot with the database until either ends or the scissors cut.
func (c *scissors) pass(bot net.Conn) {
	database, err := net.Dial(c.server.Network(), c.server.String())
	if err != nil {
		c.t.Error(err)
		_ = bot.Close()
		return
	}
	var both sync.WaitGroup
	end := func() {
		_ = bot.Close()
		_ = database.Close()
	}
	both.Go(func() {
		defer end()
		c.copy(database, bot, &c.asked, func(piece int) int { return rand.IntN(piece) }) // some of it arrives
	})
	both.Go(func() {
		defer end()
		c.copy(bot, database, &c.answered, func(int) int { return 0 })
	})
	both.Wait()
}

// copy passes on what comes from one side until it cuts; of the last piece it passes on as much as left says.
func (c *scissors) copy(to, from net.Conn, cuts *atomic.Int64, left func(piece int) int) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && c.sharp.Load() && rand.IntN(cutEvery) == 0 {
			cuts.Add(1)
			_, _ = to.Write(buffer[:left(n)])
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
