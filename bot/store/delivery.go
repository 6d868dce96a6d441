package store

import (
	"encoding/json"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// DeliveryState is how far a delivery got.
type DeliveryState string

// The states of a delivery.
const (
	Received DeliveryState = "received" // kept, not matched yet
	Matched  DeliveryState = "matched"  // verdicts and runs are written
	Failed   DeliveryState = "failed"   // cannot be matched (not a payload we know)
)

// Source says how a delivery came in.
type Source string

// The ways in which a delivery comes in.
const (
	SourceWebhook  Source = "webhook"  // the Hub called
	SourceCatchUp  Source = "catch_up" // missed while the bot was away, found by looking
	SourceBackfill Source = "backfill" // made for what was there before the bot
	SourceReplay   Source = "replay"   // a person accepted a stored delivery again
)

// Delivery is one POST, its body byte-exact.
type Delivery struct {
	ID          string // UUIDv7; Accept makes it when empty
	WebhookID   string // the Webhook-Id header; empty on old deliveries
	Key         string // what makes two deliveries the same: the header, else a hash of webhook and body
	KeySalt     string // what makes a replay "again" different from the original; else empty
	ReceivedAt  time.Time
	Source      Source
	ReplayOf    string       // id of the delivery that this one replays
	Body        []byte       // not filled in lists
	Payload     *hub.Payload // the body as whoever made the delivery has parsed it; not kept
	Scope       string       // from the payload, for lists
	Action      string
	Repo        string // full name, "namespace/name"
	RepoType    string
	Hook        string // id of the Hub's webhook that called; empty when the payload names none
	Public      bool   // the payload says that the repository is public
	Traceparent string // the span that took it in, as W3C writes it; empty without tracing
	State       DeliveryState
	Duplicates  int // how often the same delivery came again
	Error       string
	Explanation json.RawMessage   // verdicts with clauses, as rule made them; nil until matched; not filled in lists
	Verdicts    map[string]string // rule id -> verdict
	Runs        []string          // ids, oldest first, filled on read
}
