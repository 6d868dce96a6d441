package otlp

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	queueSize = 2_048           // spans that wait to be sent; more are left out, and counted
	batchSize = 512             // spans of one call
	sendEvery = 5 * time.Second // at the latest
)

// sender sends spans in batches from a goroutine of its own, so that nobody waits for the collector.
type sender struct {
	exporter *exporter
	log      *zap.Logger
	queue    chan *recorded
	dropped  atomic.Int64
	stop     context.CancelFunc // ends what is being sent
	closing  chan struct{}
	done     chan struct{}
}

func newSender(e *exporter, log *zap.Logger) *sender {
	ctx, stop := context.WithCancel(context.Background())
	s := &sender{
		exporter: e, log: log, queue: make(chan *recorded, queueSize), stop: stop,
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	go s.send(ctx)
	return s
}

// add takes a span that has ended. It never blocks.
func (s *sender) add(span *recorded) {
	select {
	case s.queue <- span:
	default:
		s.dropped.Add(1)
	}
}

// send sends what comes, and after close what is left.
func (s *sender) send(ctx context.Context) {
	defer close(s.done)
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	var batch []*recorded
	for {
		select {
		case span := <-s.queue:
			if batch = append(batch, span); len(batch) < batchSize {
				continue
			}
		case <-tick.C:
		case <-s.closing:
			for len(s.queue) > 0 {
				batch = append(batch, <-s.queue)
			}
			s.export(ctx, batch)
			return
		}
		s.export(ctx, batch)
		batch = nil
	}
}

func (s *sender) export(ctx context.Context, batch []*recorded) {
	if err := s.exporter.export(ctx, batch); err != nil {
		s.log.Warn("traces are not sent", zap.Int("spans", len(batch)), zap.Error(err))
	}
	if n := s.dropped.Swap(0); n > 0 {
		s.log.Warn("traces are left out, since the collector is slow", zap.Int64("spans", n))
	}
}

// close sends the rest, until ctx ends. Call it once.
func (s *sender) close(ctx context.Context) {
	close(s.closing)
	select {
	case <-s.done:
	case <-ctx.Done():
		s.stop()
		<-s.done
	}
	s.stop()
	s.exporter.client.CloseIdleConnections()
}
