package hub

import (
	"net/http"
	"strings"
	"sync"
)

// Warning is something that the Hub wants the people behind a client to know, such as that a call will go away.
type Warning struct {
	Topic   string // may be empty
	Message string
}

// WithWarnings has a function told what the Hub warns of, once for each topic. It may be called from several goroutines
// at the same time.
func WithWarnings(tell func(Warning)) Option {
	return func(c *Client) { c.warnings = &warnings{tell: tell, told: map[string]bool{}} }
}

// maxWarnings bounds how many topics are told of.
const maxWarnings = 100

type warnings struct {
	tell func(Warning)

	mu   sync.Mutex
	told map[string]bool // topics
}

// note reads the headers "X-HF-Warning: topic; message" of an answer. The receiver may be nil.
func (w *warnings) note(header http.Header, scrub func(string) string) {
	if w == nil {
		return
	}
	for _, value := range header.Values("X-Hf-Warning") {
		topic, message, found := strings.Cut(value, ";")
		if !found {
			topic, message = "", value
		}
		warning := Warning{
			scrub(shorten(strings.TrimSpace(topic), 100)), scrub(shorten(strings.TrimSpace(message), maxErrorMessage)),
		}
		if w.first(warning.Topic) {
			w.tell(warning)
		}
	}
}

func (w *warnings) first(topic string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.told[topic] || len(w.told) >= maxWarnings {
		return false
	}
	w.told[topic] = true
	return true
}
