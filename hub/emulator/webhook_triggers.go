package emulator

import "time"

// triggerCount counts the triggers of the last 24 hours in hourly buckets. The Hub allows 1,000 per webhook.
type triggerCount struct {
	Hours [24]struct {
		Hour  int64 // hours since 1970
		Count int
	}
}

// hourOf numbers the hour a time lies in.
func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// add counts one trigger.
func (c *triggerCount) add(now time.Time) {
	hour := hourOf(now)
	bucket := &c.Hours[hour%24]
	if bucket.Hour != hour {
		bucket.Hour, bucket.Count = hour, 0
	}
	bucket.Count++
}

// last24h is the number of triggers in this hour and the 23 before it.
func (c *triggerCount) last24h(now time.Time) int {
	total := 0
	for _, bucket := range c.Hours {
		if hourOf(now)-bucket.Hour < 24 {
			total += bucket.Count
		}
	}
	return total
}
