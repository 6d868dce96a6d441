package run

import (
	"context"
	"errors"

	"github.com/riverqueue/river/riverdriver"

	"github.com/hfbot/hfbot/bot/store"
)

// insertTopic is where River tells that there are tickets.
const insertTopic = "river_insert"

// driver is River's driver for a process whose workers are not River's alone: it fetches a ticket only for a worker that is
// free, so that one which has to wait here can begin in another process; and it can be woken when one becomes free.
type driver[T any] struct {
	riverdriver.Driver[T]
	engine *Engine
	woken  chan struct{} // has room for one: however often it is woken, it looks once
}

// wake makes the queue look for tickets. It never blocks.
func (d *driver[T]) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// GetExecutor gives what fetches tickets.
func (d *driver[T]) GetExecutor() riverdriver.Executor {
	return executor{d.Driver.GetExecutor(), &d.engine.slots}
}

// GetListener gives what hears of tickets.
func (d *driver[T]) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{Listener: d.Driver.GetListener(p), engine: d.engine, woken: d.woken, wake: d.wake}
}

// executor fetches tickets for workers that are free.
type executor struct {
	riverdriver.Executor
	slots *slots
}

// JobGetAvailable implements riverdriver.Executor.
func (x executor) JobGetAvailable(
	ctx context.Context, p *riverdriver.JobGetAvailableParams,
) (*riverdriver.JobGetAvailableResult, error) {
	n := x.slots.takeForTickets(p.MaxToLock)
	if n == 0 {
		return &riverdriver.JobGetAvailableResult{}, nil
	}
	limited := *p
	limited.MaxToLock = n
	found, err := x.Executor.JobGetAvailable(ctx, &limited)
	came := 0
	if err == nil {
		came = len(found.Jobs)
	}
	x.slots.fetched(n, came, err)
	return found, err
}

// listener hears of tickets from River, from within the process, and of runs that are to be cancelled from other instances.
type listener struct {
	riverdriver.Listener
	engine *Engine
	woken  <-chan struct{}
	wake   func()
}

// Connect implements riverdriver.Listener.
func (l *listener) Connect(ctx context.Context) error {
	if err := l.Listener.Connect(ctx); err != nil {
		return err
	}
	if err := l.Listen(ctx, store.CancelTopic); err != nil {
		return errors.Join(err, l.Close(ctx))
	}
	l.engine.look() // for what it did not hear before
	return nil
}

// WaitForNotification implements riverdriver.Listener.
func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	for {
		n, err := l.wait(ctx)
		if err == nil && n.Topic == store.CancelTopic {
			l.engine.lookAt(n.Payload)
			continue
		}
		return n, err
	}
}

// wait waits for a notification, or to be woken.
func (l *listener) wait(ctx context.Context) (*riverdriver.Notification, error) {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	woken := make(chan bool, 1)
	go func() {
		select {
		case <-l.woken:
			woken <- true
			stop()
		case <-waiting.Done():
			woken <- false
		}
	}()
	n, err := l.Listener.WaitForNotification(waiting)
	stop()
	if err == nil && n.Topic == insertTopic {
		l.engine.slots.ticketsWait()
	}
	if !<-woken {
		return n, err
	}
	if ctx.Err() == nil && errors.Is(err, context.Canceled) {
		return &riverdriver.Notification{Topic: insertTopic, Payload: `{"queue":"default"}`}, nil
	}
	l.wake() // there was something else to tell first
	return n, err
}
