// Package otlp sends spans to an OpenTelemetry collector, by OTLP over HTTP in JSON. It is set by the standard variables of
// OpenTelemetry (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
//
// It implements OpenTelemetry's API for tracing as far as a bot needs it. OpenTelemetry's own SDK does more, and adds more
// than a megabyte to the binary; with its exporter, which brings gRPC along, several.
package otlp

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

// defaultTimeout bounds one export with its retries.
const defaultTimeout = 10 * time.Second

// settings are where spans go.
type settings struct {
	url     string // empty: nowhere
	shown   string // the same for people: an address may hold a password or a key
	headers http.Header
	timeout time.Duration
	gzip    bool
}

// Open returns a tracer that sends to the collector which the environment names, and what sends the rest and ends it.
// Without a collector the tracer does nothing. Failures to send go to the log, and stop nothing.
func Open(version string, lookup func(string) (string, bool), log *zap.Logger) (
	t trace.Tracer, closeTracer func(context.Context), err error,
) {
	get := func(name string) string {
		value, set := lookup(name)
		if !set {
			return ""
		}
		return strings.TrimSpace(value)
	}
	s, err := readSettings(get)
	if err != nil {
		return nil, nil, err
	}
	if s.url == "" {
		return noop.NewTracerProvider().Tracer("hfbot"), func(context.Context) {}, nil
	}
	about, err := readAbout(version, get)
	if err != nil {
		return nil, nil, err
	}
	sampled, err := readSampler(get)
	if err != nil {
		return nil, nil, err
	}
	log.Info("traces are sent", zap.String("to", s.shown))
	to := newSender(newExporter(s, about, version), log)
	return &tracer{sender: to, sampled: sampled}, to.close, nil
}

// readAbout reads what each call tells of the bot.
func readAbout(version string, get func(string) string) ([]attribute.KeyValue, error) {
	about := []attribute.KeyValue{attribute.String("service.name", "hfbot"), attribute.String("service.version", version)}
	more, err := readPairs(get("OTEL_RESOURCE_ATTRIBUTES"), "OTEL_RESOURCE_ATTRIBUTES")
	if err != nil {
		return nil, err
	}
	for _, pair := range more {
		about = append(about, attribute.String(pair[0], pair[1]))
	}
	if name := get("OTEL_SERVICE_NAME"); name != "" {
		about = append(about, attribute.String("service.name", name))
	}
	return about, nil
}

// readSampler reads which traces are recorded. All samplers that begin with parentbased_ or without it are the same here,
// because traces begin with a delivery, and what belongs to one is recorded with it.
func readSampler(get func(string) string) (func(trace.TraceID) bool, error) {
	name, share := get("OTEL_TRACES_SAMPLER"), 1.0
	switch strings.TrimPrefix(name, "parentbased_") {
	case "", "always_on":
	case "always_off":
		share = 0
	case "traceidratio":
		text := get("OTEL_TRACES_SAMPLER_ARG")
		var err error
		if share, err = strconv.ParseFloat(cmp.Or(text, "1"), 64); err != nil || !(share >= 0 && share <= 1) {
			return nil, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG: %q is no share from 0 to 1", text)
		}
	default:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER: %q is not known; it is always_on, always_off or traceidratio", name)
	}
	return func(id trace.TraceID) bool {
		return float64(binary.BigEndian.Uint64(id[8:])>>1) < share*float64(math.MaxInt64)
	}, nil
}

// readSettings reads OTEL_EXPORTER_OTLP_TRACES_… and OTEL_EXPORTER_OTLP_…; the first wins.
func readSettings(get func(string) string) (s settings, err error) {
	option := func(name string) (value, variable string) {
		for _, variable := range []string{"OTEL_EXPORTER_OTLP_TRACES_" + name, "OTEL_EXPORTER_OTLP_" + name} {
			if value := get(variable); value != "" {
				return value, variable
			}
		}
		return "", ""
	}
	if disabled, _ := strconv.ParseBool(get("OTEL_SDK_DISABLED")); disabled || get("OTEL_TRACES_EXPORTER") == "none" {
		return s, nil
	}
	address, variable := option("ENDPOINT")
	if address == "" {
		return s, nil
	}
	if kind := get("OTEL_TRACES_EXPORTER"); kind != "" && kind != "otlp" {
		return s, fmt.Errorf("OTEL_TRACES_EXPORTER: %q is not known; traces are sent by otlp, or not at all (none)", kind)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return s, fmt.Errorf("%s is no http or https URL, such as http://localhost:4318", variable)
	}
	if variable == "OTEL_EXPORTER_OTLP_ENDPOINT" {
		u = u.JoinPath("v1", "traces")
	}
	s.url, s.timeout = u.String(), defaultTimeout
	s.shown = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	if protocol, variable := option("PROTOCOL"); protocol == "grpc" {
		return s, fmt.Errorf("%s=grpc is not supported; set http/json and the collector's HTTP port, usually 4318", variable)
	}
	for _, name := range []string{"CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"} {
		if _, variable := option(name); variable != "" {
			return s, fmt.Errorf("%s is not supported; SSL_CERT_FILE names more certificates to trust", variable)
		}
	}
	if text, variable := option("TIMEOUT"); text != "" {
		ms, err := strconv.ParseUint(text, 10, 31)
		if err != nil || ms == 0 {
			return s, fmt.Errorf("%s: %q is no number of milliseconds", variable, text)
		}
		s.timeout = time.Duration(ms) * time.Millisecond
	}
	if compression, variable := option("COMPRESSION"); compression == "gzip" {
		s.gzip = true
	} else if compression != "" && compression != "none" {
		return s, fmt.Errorf("%s: %q is not known; it is gzip or none", variable, compression)
	}
	text, variable := option("HEADERS")
	s.headers, err = readHeaders(text, variable)
	return s, err
}

// readHeaders reads the headers of each call.
func readHeaders(text, variable string) (http.Header, error) {
	pairs, err := readPairs(text, variable)
	headers := http.Header{}
	for _, pair := range pairs {
		headers.Set(pair[0], pair[1])
	}
	return headers, err
}

// readPairs reads "key=value,key2=value2" with the values escaped as in URLs. Its errors do not tell the values.
func readPairs(text, variable string) (pairs [][2]string, err error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if key = strings.TrimSpace(key); !found || key == "" || err != nil {
			return nil, fmt.Errorf("%s is not of the form key=value,key2=value2, with values escaped as in URLs", variable)
		}
		pairs = append(pairs, [2]string{key, value})
	}
	return pairs, nil
}
