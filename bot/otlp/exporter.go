package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

const (
	firstPause   = 500 * time.Millisecond // between two tries; it doubles
	largestReply = 64 << 10               // of a collector, in bytes
)

// exporter posts spans.
type exporter struct {
	settings
	about   []attribute.KeyValue // of the bot, in each call
	version string
	client  *http.Client
}

func newExporter(s settings, about []attribute.KeyValue, version string) *exporter {
	return &exporter{settings: s, about: about, version: version, client: &http.Client{
		// A collector that redirects would be given the headers, which may hold a key, for another address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// export sends spans, again while the collector asks for it, until its time is over.
func (e *exporter) export(ctx context.Context, spans []*recorded) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := json.Marshal(e.request(spans))
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	if e.gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write(body)
		if err := errors.Join(err, w.Close()); err != nil {
			return fmt.Errorf("pack spans: %w", err)
		}
		body = packed.Bytes()
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	for pause := firstPause; ; pause *= 2 {
		again, asked, err := e.post(ctx, body)
		if !again {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(max(pause, asked)):
		}
	}
}

// post sends spans once. It tells whether they may be sent again, and after which time.
func (e *exporter) post(ctx context.Context, body []byte) (again bool, asked time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return false, 0, err
	}
	req.Header = e.headers.Clone()
	req.Header.Set("Content-Type", "application/json")
	if e.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	res, err := e.client.Do(req)
	if failed := new(url.Error); errors.As(err, &failed) {
		return true, 0, fmt.Errorf("%s: %w", e.shown, failed.Err)
	} else if err != nil {
		return true, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	reply, err := io.ReadAll(io.LimitReader(res.Body, largestReply))
	if err != nil {
		return true, 0, err
	}
	switch res.StatusCode {
	case http.StatusOK:
		return false, 0, rejected(reply)
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	seconds, _ := strconv.ParseUint(res.Header.Get("Retry-After"), 10, 16) // without it, the pause is ours
	return again, time.Duration(seconds) * time.Second, fmt.Errorf("the collector answered %s", res.Status)
}

// rejected is the error of an answer that takes a part of the spans only.
func rejected(reply []byte) error {
	var answer struct {
		PartialSuccess struct {
			RejectedSpans json.RawMessage `json:"rejectedSpans"`
			ErrorMessage  string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	_ = json.Unmarshal(reply, &answer) // what cannot be read complains of nothing
	if answer.PartialSuccess.ErrorMessage == "" {
		return nil
	}
	return fmt.Errorf("the collector rejected %s spans: %q", answer.PartialSuccess.RejectedSpans, answer.PartialSuccess.ErrorMessage)
}
