package emulator

import "time"

// DeliveryPolicy says how the local Hub delivers webhooks. The Hub publishes neither its retry schedule nor the number
// of failures that suspends a webhook, so both can be set; the zero value means the defaults named at each field.
type DeliveryPolicy struct {
	// Retry holds the pauses before the second, third, … try of a failed delivery. Nil means 1s, 5s, 30s, 2m and 10m;
	// an empty slice means a single try.
	Retry []time.Duration
	// SuspendAfter is the number of deliveries in a row that must fail, with all their tries, until their webhook is
	// suspended. 0 means 10; negative means never.
	SuspendAfter int
	// Timeout bounds one try, from connecting to the end of the answer. 0 means 30 seconds, as on the Hub.
	Timeout time.Duration
	// Concurrency is the number of deliveries of one webhook that may be under way at the same time. 0 means 8.
	Concurrency int
}

// withDefaults fills in what was left open.
func (p DeliveryPolicy) withDefaults() DeliveryPolicy {
	if p.Retry == nil {
		p.Retry = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}
	}
	if p.SuspendAfter == 0 {
		p.SuspendAfter = 10
	}
	if p.Timeout <= 0 {
		p.Timeout = 30 * time.Second
	}
	if p.Concurrency <= 0 {
		p.Concurrency = 8
	}
	return p
}
