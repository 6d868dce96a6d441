package otlp

import (
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// The types are ExportTraceServiceRequest and its parts, as far as they are used here:
// https://github.com/open-telemetry/opentelemetry-proto. In its JSON, ids are hexadecimal and 64-bit numbers are strings.
type (
	exportRequest struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resourceOf   `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resourceOf struct {
		Attributes []keyValue `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	span struct {
		TraceID      string     `json:"traceId"`
		SpanID       string     `json:"spanId"`
		ParentSpanID string     `json:"parentSpanId,omitempty"`
		TraceState   string     `json:"traceState,omitempty"`
		Name         string     `json:"name"`
		Kind         int        `json:"kind"`
		Start        string     `json:"startTimeUnixNano"`
		End          string     `json:"endTimeUnixNano"`
		Attributes   []keyValue `json:"attributes,omitempty"`
		Status       status     `json:"status"`
	}
	status struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	}
	keyValue struct {
		Key   string   `json:"key"`
		Value anyValue `json:"value"`
	}
	anyValue struct {
		String *string  `json:"stringValue,omitempty"`
		Bool   *bool    `json:"boolValue,omitempty"`
		Int    *string  `json:"intValue,omitempty"`
		Double *float64 `json:"doubleValue,omitempty"`
	}
)

// request is spans, all of one scope.
func (e *exporter) request(spans []*recorded) exportRequest {
	of := scopeSpans{Scope: scope{"hfbot", e.version}}
	for _, s := range spans {
		of.Spans = append(of.Spans, encode(s))
	}
	return exportRequest{[]resourceSpans{{resourceOf{attributes(e.about)}, []scopeSpans{of}}}}
}

func encode(s *recorded) span {
	out := span{
		TraceID: s.context.TraceID().String(), SpanID: s.context.SpanID().String(), TraceState: s.context.TraceState().String(),
		Name: s.name, Kind: max(int(s.kind), int(trace.SpanKindInternal)), // both count alike; unspecified is internal
		Start: nanos(s.started), End: nanos(s.ended), Attributes: attributes(s.attributes),
	}
	if s.parent.HasSpanID() {
		out.ParentSpanID = s.parent.SpanID().String()
	}
	switch s.code {
	case codes.Ok:
		out.Status.Code = 1
	case codes.Error:
		out.Status = status{2, s.message}
	}
	return out
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// attributes are the last values of their keys.
func attributes(list []attribute.KeyValue) []keyValue {
	out := make([]keyValue, 0, len(list))
	place := make(map[attribute.Key]int, len(list))
	for _, kv := range list {
		i, known := place[kv.Key]
		if !known {
			i = len(out)
			place[kv.Key] = i
			out = append(out, keyValue{Key: string(kv.Key)})
		}
		out[i].Value = valueOf(kv.Value)
	}
	return out
}

// valueOf is a value; one of a kind that is not used here becomes its text.
func valueOf(v attribute.Value) anyValue {
	switch v.Type() {
	case attribute.BOOL:
		b := v.AsBool()
		return anyValue{Bool: &b}
	case attribute.INT64:
		n := strconv.FormatInt(v.AsInt64(), 10)
		return anyValue{Int: &n}
	case attribute.FLOAT64:
		f := v.AsFloat64()
		return anyValue{Double: &f}
	}
	text := v.String()
	if v.Type() == attribute.STRING {
		text = v.AsString()
	}
	return anyValue{String: &text}
}
