package bot

import (
	"context"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/hfbot/hfbot/bot/store"
)

// traceDelivery begins the span of a delivery, and puts it down in the delivery, from where what follows takes it.
func (b *Bot) traceDelivery(ctx context.Context, d *store.Delivery) (context.Context, trace.Span) {
	ctx, span := b.opts.Tracer.Start(ctx, "delivery", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("hfbot.event", d.Scope+"."+d.Action), attribute.String("hfbot.repo", d.Repo),
			attribute.String("hfbot.source", string(d.Source))))
	if span.SpanContext().IsValid() {
		carrier := propagation.MapCarrier{}
		propagation.TraceContext{}.Inject(ctx, carrier)
		d.Traceparent = carrier["traceparent"]
	}
	return ctx, span
}

// endDelivery ends the span of a delivery.
func endDelivery(span trace.Span, id string, duplicate bool, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.SetAttributes(attribute.String("hfbot.delivery", id), attribute.Bool("hfbot.duplicate", duplicate))
	span.End()
}

// traceMatch begins the span of matching a delivery, below that of the delivery.
func (d *dispatcher) traceMatch(ctx context.Context, delivery *store.Delivery) (context.Context, trace.Span) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": delivery.Traceparent})
	return d.tracer.Start(ctx, "match", trace.WithAttributes(attribute.String("hfbot.delivery", delivery.ID)))
}

// traceCalls gives each call to the Hub that belongs to a span one of its own. Its address is shown without the query.
func (b *Bot) traceCalls(next http.RoundTripper) http.RoundTripper {
	return tracedCalls{next, b.opts.Tracer}
}

type tracedCalls struct {
	next   http.RoundTripper
	tracer trace.Tracer
}

// RoundTrip implements http.RoundTripper.
func (c tracedCalls) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trace.SpanFromContext(r.Context()).IsRecording() {
		return c.next.RoundTrip(r)
	}
	ctx, span := c.tracer.Start(r.Context(), r.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", r.Method), attribute.String("server.address", r.URL.Hostname()),
		attribute.String("url.path", r.URL.EscapedPath()),
	))
	defer span.End()
	res, err := c.next.RoundTrip(r.WithContext(ctx))
	switch {
	case err != nil:
		span.SetStatus(codes.Error, "no answer")
	case res.StatusCode >= http.StatusBadRequest:
		span.SetStatus(codes.Error, strconv.Itoa(res.StatusCode)+" "+http.StatusText(res.StatusCode))
		fallthrough
	default:
		span.SetAttributes(attribute.Int("http.response.status_code", res.StatusCode))
	}
	return res, err
}
