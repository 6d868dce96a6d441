package run

import (
	"context"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// sqliteDriver is River's driver for SQLite with another way to learn of new tickets. River's own looks into a table
// every 50 ms, since it cannot know who writes. Here one process has the database, and it knows when it has committed a
// ticket: it says so, and the queue looks at once.
type sqliteDriver struct {
	*riversqlite.Driver
	woken chan struct{} // has room for one: however many tickets there are, it looks once
}

// SupportsListenNotify keeps River from writing its notifications into the database.
func (*sqliteDriver) SupportsListenNotify() bool { return false }

// SupportsListener tells River to wait for GetListener's notifications.
func (*sqliteDriver) SupportsListener() bool { return true }

// GetListener gives the listener that wake speaks to.
func (d *sqliteDriver) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{schema: p.Schema, woken: d.woken}
}

// wake makes the queue look for tickets. It never blocks.
func (d *sqliteDriver) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// listener hears of new tickets from within the process.
type listener struct {
	schema string
	woken  <-chan struct{}
}

// Connect implements riverdriver.Listener.
func (*listener) Connect(context.Context) error { return nil }

// Close implements riverdriver.Listener.
func (*listener) Close(context.Context) error { return nil }

// Listen implements riverdriver.Listener. Of all topics there is news on one only.
func (*listener) Listen(context.Context, string) error { return nil }

// Unlisten implements riverdriver.Listener.
func (*listener) Unlisten(context.Context, string) error { return nil }

// Ping implements riverdriver.Listener.
func (*listener) Ping(context.Context) error { return nil }

// Schema implements riverdriver.Listener.
func (l *listener) Schema() string { return l.schema }

// SetAfterConnectExec implements riverdriver.Listener, for River's own tests.
func (*listener) SetAfterConnectExec(string) {}

// WaitForNotification waits for wake.
func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.woken:
		return &riverdriver.Notification{Topic: "river_insert", Payload: `{"queue":"default"}`}, nil
	}
}
