package emulator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// errNotSent is the outcome of a delivery that was given up before it could be tried.
var errNotSent = errors.New("not sent: too many deliveries of this webhook are waiting")

// outbox sends deliveries in the background, each with its retries. Deliveries of one webhook run concurrently, since
// the Hub promises no order.
type outbox struct {
	policy DeliveryPolicy
	post   func(ctx context.Context, to target, d *delivery) outcome
	report func(Delivery)  // after each try; may be nil
	done   func(*delivery) // when nothing is left to do for a delivery; may be nil
	stop   context.CancelFunc
	ctx    context.Context // ends with the outbox, not with a request: deliveries outlive the call that caused them

	mu      sync.Mutex
	closed  bool
	pending int           // deliveries not finished yet
	drained chan struct{} // closed when pending falls to 0
	running sync.WaitGroup
	order   overtaking
}

// newOutbox returns a working outbox; close ends it.
func newOutbox(
	policy DeliveryPolicy, post func(context.Context, target, *delivery) outcome, report func(Delivery),
) *outbox {
	ctx, stop := context.WithCancel(context.Background())
	return &outbox{policy: policy.withDefaults(), post: post, report: report, ctx: ctx, stop: stop}
}

// add starts a delivery, with the faults asked for: after a delay, in several copies, or so that every second delivery
// overtakes the one before it.
func (o *outbox) add(d *delivery, faults deliveryFaults) {
	before, after := func() {}, func() {}
	if faults.reorder {
		before, after = o.order.next(o.ctx)
	}
	for range 1 + faults.extraCopies {
		o.start(d, faults.delay, before, after)
	}
}

// start delivers a copy in the background. It calls before ahead of the first try, and after behind it.
func (o *outbox) start(d *delivery, pause time.Duration, before, after func()) {
	if !d.hook.enqueue() {
		after()
		d.hook.record(d, 0, false, outcome{err: errNotSent, began: time.Now()})
		o.finished(d)
		return
	}
	begun := o.begin(func() {
		defer d.hook.dequeue()
		defer after()
		before()
		if o.wait(pause) {
			o.deliver(d, after)
		}
		if o.ctx.Err() == nil {
			o.finished(d)
		}
	})
	if !begun {
		d.hook.dequeue()
	}
}

func (o *outbox) finished(d *delivery) {
	if o.done != nil {
		o.done(d)
	}
}

// deliver tries d until it succeeds, its webhook is switched off or the schedule ends; tried is called after the
// first try.
func (o *outbox) deliver(d *delivery, tried func()) {
	for try := 1; ; try++ {
		result, sent := o.try(d, try, false)
		tried()
		if !sent {
			return
		}
		if result.ok() {
			d.hook.succeeded()
			return
		}
		if try > len(o.policy.Retry) {
			d.hook.failed(o.policy.SuspendAfter)
			return
		}
		if !o.wait(o.policy.Retry[try-1]) {
			return
		}
	}
}

// try makes one try in one of the webhook's slots, unless the webhook is switched off or the outbox closed.
func (o *outbox) try(d *delivery, try int, replay bool) (result outcome, sent bool) {
	select {
	case d.hook.slots <- struct{}{}:
		defer func() { <-d.hook.slots }()
	case <-o.ctx.Done():
		return outcome{}, false
	}
	to, on := d.hook.target()
	if !on && !replay {
		return outcome{}, false
	}
	result = o.post(o.ctx, to, d)
	if o.ctx.Err() != nil {
		return result, false
	}
	d.hook.record(d, try, replay, result)
	if o.report != nil {
		o.report(reported(d, to, try, result))
	}
	return result, true
}

// reported is a try as OnDelivery is told it.
func reported(d *delivery, to target, try int, result outcome) Delivery {
	told := Delivery{
		ID: d.id, WebhookID: d.hook.id, URL: plainURL(to.url), Try: try, Status: result.status, Body: d.body,
	}
	if result.err != nil {
		told.Error = result.err.Error()
	}
	return told
}

// replay sends d once more and waits for the outcome.
func (o *outbox) replay(ctx context.Context, d *delivery) (outcome, error) {
	answered := make(chan outcome, 1)
	o.begin(func() {
		if result, sent := o.try(d, 1, true); sent {
			answered <- result
		}
	})
	select {
	case result := <-answered:
		return result, nil
	case <-ctx.Done():
		return outcome{}, fmt.Errorf("replay: %w", ctx.Err())
	case <-o.ctx.Done():
		return outcome{}, errors.New("replay: the local Hub is shutting down")
	}
}
