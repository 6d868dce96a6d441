package hub

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strconv"
	"time"
)

const (
	// maxLogLine bounds one line of a log, in bytes.
	maxLogLine = 1 << 20
	eventType  = "text/event-stream"
)

// LogLine is one line of the log of a Space or Job.
type LogLine struct {
	Text string
	Time time.Time // zero: unknown
}

// LogOptions say what is read of a log.
type LogOptions struct {
	Tail int // only so many of the last lines; 0: all
}

// logs reads a log that the Hub sends as server-sent events. The log ends when the Hub ends it, or with the context.
func (c *Client) logs(ctx context.Context, path string, opts LogOptions) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		request := c.get(path, nil)
		request.accept, request.patient = eventType, true
		if opts.Tail > 0 {
			request.query = url.Values{"tail": {strconv.Itoa(opts.Tail)}}
		}
		resp, err := c.open(ctx, request)
		if err != nil {
			yield(LogLine{}, err)
			return
		}
		defer resp.Body.Close()
		for line, err := range readEvents(resp.Body) {
			if err != nil && ctx.Err() != nil {
				err = ctx.Err()
			} else if err != nil {
				err = fmt.Errorf("hub: GET %s: read the log: %w", cleanURL(resp.Request.URL), err)
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// readEvents reads the data lines of server-sent events; each is {"data": text, "timestamp": time}. What is not, such
// as a keep-alive, is left out.
func readEvents(r io.Reader) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 0, 64<<10), maxLogLine)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
			if !ok {
				continue
			}
			var in struct {
				Data *string  `json:"data"`
				Time wireTime `json:"timestamp"`
			}
			if json.Unmarshal(data, &in) != nil || in.Data == nil {
				continue
			}
			if !yield(LogLine{*in.Data, in.Time.Time}, nil) {
				return
			}
		}
		if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
			yield(LogLine{}, fmt.Errorf("a line has more than %d bytes", maxLogLine))
		} else if err != nil {
			yield(LogLine{}, err)
		}
	}
}

// SpaceLogs follows a log of a Space, "build" or "run", until the Hub or the context ends it.
//
// GET /api/spaces/{name}/logs/{kind}
func (c *Client) SpaceLogs(ctx context.Context, space RepoRef, kind string, opts LogOptions) iter.Seq2[LogLine, error] {
	return c.logs(ctx, space.APIPath()+"/logs/"+escapeSegment(kind), opts)
}
