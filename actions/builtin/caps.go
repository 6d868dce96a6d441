package builtin

import (
	"sync"
	"time"
)

// maxCapped bounds how many users are remembered; beyond it the longest silent ones are forgotten.
const maxCapped = 10_000

// caps counts what each user had within a time, in memory.
type caps struct {
	mu    sync.Mutex
	users map[string][]turn
}

// turn is one time that a user had something. A retry has the same key and is not counted again.
type turn struct {
	key string
	at  time.Time
}

func newCaps() *caps { return &caps{users: map[string][]turn{}} }

// take tells whether a user may have one more, and counts it.
func (c *caps) take(user, key string, most int, per time.Duration, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	var recent []turn
	for _, t := range c.users[user] {
		if t.key == key {
			return true
		}
		if now.Sub(t.at) < per {
			recent = append(recent, t)
		}
	}
	if len(recent) >= most {
		c.users[user] = recent
		return false
	}
	if _, known := c.users[user]; !known && len(c.users) >= maxCapped {
		c.forget()
	}
	c.users[user] = append(recent, turn{key, now})
	return true
}

// forget drops the user that was longest silent.
func (c *caps) forget() {
	var oldest string
	var at time.Time
	for user, list := range c.users {
		if last := list[len(list)-1].at; oldest == "" || last.Before(at) {
			oldest, at = user, last
		}
	}
	delete(c.users, oldest)
}
