package emulator

import (
	"time"

	"github.com/hfbot/hfbot/hub"
)

// Bounds of what is kept about deliveries.
const (
	maxBacklog      = 10_000 // deliveries of one webhook that may wait; more are dropped and logged
	maxDeliveryLogs = 200    // tries kept per webhook
	maxAnswerKept   = 512    // bytes of the receiver's answer kept per try
	maxAnswerRead   = 64 << 10
)

// delivery is one event on its way to one webhook. Its id (the Webhook-Id header) and its body are the same in all
// tries and replays, so that the receiver can recognise it.
type delivery struct {
	id    string
	hook  *webhook
	event hub.Event
	repo  string
	body  []byte
}

// outcome is how one try ended.
type outcome struct {
	status int    // 0: no answer
	answer string // beginning of the receiver's answer
	err    error  // why there was no answer
	began  time.Time
	took   time.Duration
}

// ok tells whether the Hub counts the try as a success: any 2xx.
func (o outcome) ok() bool { return o.err == nil && o.status >= 200 && o.status < 300 }

// deliveryLog is one try as the activity list of a webhook shows it.
type deliveryLog struct {
	id     string // names the entry for a replay
	sent   *delivery
	try    int
	replay bool
	url    string // without query, which may hold a secret
	outcome
}

// compare orders tries by when they began.
func (l deliveryLog) compare(other deliveryLog) int { return l.began.Compare(other.began) }

// deliveryLogView is the JSON shape of a deliveryLog. The real Hub shows the list on a page only, so the names are our
// own.
type deliveryLogView struct {
	ID         string    `json:"id"`
	DeliveryID string    `json:"deliveryId"`
	Try        int       `json:"try"`
	Replay     bool      `json:"replay"`
	CreatedAt  string    `json:"createdAt"`
	DurationMS int64     `json:"durationMs"`
	Event      hub.Event `json:"event"`
	Repo       string    `json:"repo"`
	URL        string    `json:"url"`
	Status     int       `json:"status"`
	Answer     string    `json:"answer,omitempty"`
	Error      string    `json:"error,omitempty"`
	Payload    string    `json:"payload"`
}

// view renders the entry; the payload is the body's text, byte for byte.
func (l deliveryLog) view() deliveryLogView {
	view := deliveryLogView{
		ID:         l.id,
		DeliveryID: l.sent.id,
		Try:        l.try,
		Replay:     l.replay,
		CreatedAt:  timestamp(l.began),
		DurationMS: l.took.Milliseconds(),
		Event:      l.sent.event,
		Repo:       l.sent.repo,
		URL:        l.url,
		Status:     l.status,
		Answer:     l.answer,
		Payload:    string(l.sent.body),
	}
	if l.err != nil {
		view.Error = l.err.Error()
	}
	return view
}
