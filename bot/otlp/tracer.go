package otlp

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// tracer makes spans and gives those that have ended to the sender.
type tracer struct {
	embedded.Tracer
	sender  *sender
	sampled func(trace.TraceID) bool // decides for traces that begin here
}

// Start implements trace.Tracer. A span below another one belongs to its trace, and is recorded when that one is.
func (t *tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	how := trace.NewSpanStartConfig(opts...)
	parent := trace.SpanContextFromContext(ctx)
	if how.NewRoot() {
		parent = trace.SpanContext{}
	}
	own := trace.SpanContextConfig{TraceID: parent.TraceID(), TraceFlags: parent.TraceFlags(), TraceState: parent.TraceState()}
	binary.BigEndian.PutUint64(own.SpanID[:], rand.Uint64()|1) //nolint:gosec // ids need no secrecy; never zero
	if !parent.IsValid() {
		binary.BigEndian.PutUint64(own.TraceID[:8], rand.Uint64()) //nolint:gosec // likewise
		binary.BigEndian.PutUint64(own.TraceID[8:], rand.Uint64()|1)
		own.TraceFlags = own.TraceFlags.WithSampled(t.sampled(own.TraceID))
	}
	if !own.TraceFlags.IsSampled() {
		ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(own))
		return ctx, trace.SpanFromContext(ctx)
	}
	s := &recorded{
		tracer: t, context: trace.NewSpanContext(own), parent: parent, name: name, kind: how.SpanKind(),
		attributes: how.Attributes(), started: time.Now(),
	}
	return trace.ContextWithSpan(ctx, s), s
}

// provider is what a span knows as its origin.
type provider struct {
	embedded.TracerProvider
	tracer *tracer
}

// Tracer implements trace.TracerProvider.
func (p provider) Tracer(string, ...trace.TracerOption) trace.Tracer { return p.tracer }

// recorded is a span that is recorded. Events and links are not used here, and left out.
type recorded struct {
	embedded.Span
	tracer          *tracer
	context, parent trace.SpanContext
	kind            trace.SpanKind
	started         time.Time

	mu         sync.Mutex
	name       string
	attributes []attribute.KeyValue
	code       codes.Code
	message    string
	ended      time.Time
}

var _ trace.Span = (*recorded)(nil)

// End implements trace.Span.
func (s *recorded) End(...trace.SpanEndOption) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended.IsZero() {
		s.ended = time.Now()
		s.tracer.sender.add(s)
	}
}

// change does something to a span that has not ended.
func (s *recorded) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended.IsZero() {
		f()
	}
}

// SetAttributes implements trace.Span; a later value of a key takes the place of an earlier one.
func (s *recorded) SetAttributes(list ...attribute.KeyValue) {
	s.change(func() { s.attributes = append(s.attributes[:len(s.attributes):len(s.attributes)], list...) })
}

// SetStatus implements trace.Span.
func (s *recorded) SetStatus(code codes.Code, message string) {
	s.change(func() { s.code, s.message = code, message })
}

// SetName implements trace.Span.
func (s *recorded) SetName(name string) { s.change(func() { s.name = name }) }

// IsRecording implements trace.Span.
func (s *recorded) IsRecording() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended.IsZero()
}

// SpanContext implements trace.Span.
func (s *recorded) SpanContext() trace.SpanContext { return s.context }

// TracerProvider implements trace.Span.
func (s *recorded) TracerProvider() trace.TracerProvider { return provider{tracer: s.tracer} }

// RecordError implements trace.Span.
func (s *recorded) RecordError(error, ...trace.EventOption) {}

// AddEvent implements trace.Span.
func (s *recorded) AddEvent(string, ...trace.EventOption) {}

// AddLink implements trace.Span.
func (s *recorded) AddLink(trace.Link) {}
