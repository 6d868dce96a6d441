package run

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/hfbot/hfbot/bot/store"
)

// beginTrace begins the span of the run, until it is over or waits. It belongs to the trace of the delivery, which the
// database kept: the delivery may have come in long ago, and at another instance.
func (x *execution) beginTrace() {
	parent := propagation.TraceContext{}.Extract(context.Background(),
		propagation.MapCarrier{"traceparent": x.delivery.Traceparent})
	_, x.span = x.engine.opts.Tracer.Start(parent, "run "+x.run.Rule, trace.WithAttributes(
		attribute.String("hfbot.run", x.run.ID), attribute.String("hfbot.rule", x.run.Rule),
		attribute.String("hfbot.delivery", x.run.DeliveryID), attribute.String("hfbot.repo", x.run.Repo),
		attribute.Int("hfbot.attempt", x.run.Attempt),
	))
}

// traceStep begins the span of a step, below that of the run. What its expressions look up belongs to it, too.
func (x *execution) traceStep(i int) trace.Span {
	step := &x.run.Plan.Steps[i]
	_, span := x.engine.opts.Tracer.Start(trace.ContextWithSpan(context.Background(), x.span), "step "+step.ID,
		trace.WithAttributes(attribute.String("hfbot.step", step.ID), attribute.String("hfbot.action", step.Uses)))
	return span
}

// endSpan ends the span of a step, which failed when there is a message; secrets are masked in it.
func endSpan(span trace.Span, message string) {
	if message != "" {
		span.SetStatus(codes.Error, message)
	}
	span.End()
}

// traceState notes in the span of the run what became of it.
func (x *execution) traceState(state store.RunState, message string) {
	x.span.SetAttributes(attribute.String("hfbot.state", string(state)))
	if state == store.RunFailed {
		x.span.SetStatus(codes.Error, message)
	}
}
