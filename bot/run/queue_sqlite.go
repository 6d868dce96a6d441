package run

import (
	"context"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// sqliteDriver is River's driver for SQLite without its way to learn of new tickets, which is to look into a table every 50 ms,
// since it cannot know who writes. Here one process has the database, and it wakes the queue when it has committed a ticket.
type sqliteDriver struct{ *riversqlite.Driver }

// SupportsListenNotify keeps River from writing its notifications into the database.
func (*sqliteDriver) SupportsListenNotify() bool { return false }

// SupportsListener tells River to wait for GetListener's notifications.
func (*sqliteDriver) SupportsListener() bool { return true }

// GetListener gives a listener that hears nothing: there is no other process.
func (*sqliteDriver) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return silence{p.Schema}
}

// silence is a listener that hears nothing.
type silence struct{ schema string }

// Connect implements riverdriver.Listener.
func (silence) Connect(context.Context) error { return nil }

// Close implements riverdriver.Listener.
func (silence) Close(context.Context) error { return nil }

// Listen implements riverdriver.Listener.
func (silence) Listen(context.Context, string) error { return nil }

// Unlisten implements riverdriver.Listener.
func (silence) Unlisten(context.Context, string) error { return nil }

// Ping implements riverdriver.Listener.
func (silence) Ping(context.Context) error { return nil }

// Schema implements riverdriver.Listener.
func (s silence) Schema() string { return s.schema }

// SetAfterConnectExec implements riverdriver.Listener, for River's own tests.
func (silence) SetAfterConnectExec(string) {}

// WaitForNotification waits for ctx to end.
func (silence) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
