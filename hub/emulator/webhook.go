package emulator

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// webhookState tells whether a webhook is called. Suspension is the Hub's doing, disabling the user's.
type webhookState int

const (
	webhookEnabled webhookState = iota
	webhookDisabled
	webhookSuspended
)

// disabled is the state as the API spells it: a boolean, or a string for the third value.
func (s webhookState) disabled() any {
	if s == webhookSuspended {
		return "suspended-after-failure"
	}
	return s == webhookDisabled
}

// webhook is one subscription of an account.
type webhook struct {
	id    string
	owner *account
	slots chan struct{} // bounds the deliveries under way

	mu          sync.Mutex
	settings    webhookSettings
	state       webhookState
	backlog     int // deliveries that wait or are under way
	failures    int // failed deliveries in a row
	lastTrigger time.Time
	triggers    triggerCount
	logs        []deliveryLog // oldest first

	changed                  bool     // since it was saved, the logs aside
	unsavedLogs, droppedLogs []string // ids
}

// newWebhook makes an enabled webhook with so many deliveries under way at most.
func newWebhook(owner *account, settings webhookSettings, concurrency int) *webhook {
	return &webhook{id: newID(), owner: owner, settings: settings, slots: make(chan struct{}, concurrency), changed: true}
}

// webhookSettings is what the account decides about a webhook.
type webhookSettings struct {
	url     string
	job     *jobSpec // started instead of a call to the URL
	secret  hub.Secret
	watched []hub.Watched
	domains []string
}

// wants tells whether the webhook watches the event's repository or its owner, in the event's domain.
func (s webhookSettings) wants(event hub.Event, repo hub.RepoRef) bool {
	domain, _, _ := strings.Cut(event.Scope, ".")
	if !slices.Contains(s.domains, domain) {
		return false
	}
	owner, _, _ := strings.Cut(repo.Name, "/")
	return slices.ContainsFunc(s.watched, func(w hub.Watched) bool {
		switch w.Type {
		case "user", "org":
			return strings.EqualFold(w.Name, owner)
		default:
			return w.Type == string(repo.Type) && strings.EqualFold(w.Name, repo.Name)
		}
	})
}

// wants tells whether an event must be delivered now.
func (w *webhook) wants(event hub.Event, repo hub.RepoRef) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state == webhookEnabled && w.settings.wants(event, repo)
}

// trigger counts a delivery about to begin. With limit > 0 it refuses more than limit of them in 24 hours.
func (w *webhook) trigger(now time.Time, limit int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if limit > 0 && w.triggers.last24h(now) >= limit {
		return false
	}
	w.changed = true
	w.triggers.add(now)
	w.lastTrigger = now
	return true
}

// target is where the next try goes; on is false when the webhook is switched off.
func (w *webhook) target() (to target, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return target{url: w.settings.url, secret: w.settings.secret}, w.state == webhookEnabled
}

// change replaces the settings; a try under way is not affected, the next one is.
func (w *webhook) change(settings webhookSettings) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if settings.url == "" && settings.job == nil {
		settings.url, settings.job = w.settings.url, w.settings.job
	}
	w.settings, w.changed = settings, true
}

// switchTo enables or disables the webhook. Enabling forgets earlier failures.
func (w *webhook) switchTo(state webhookState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state, w.failures, w.changed = state, 0, true
}

// follow renames a watched repository after a move.
func (w *webhook) follow(from hub.RepoRef, to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	watched := slices.Clone(w.settings.watched)
	for i := range watched {
		if watched[i].Type == string(from.Type) && strings.EqualFold(watched[i].Name, from.Name) {
			watched[i].Name = to
		}
	}
	w.settings.watched, w.changed = watched, true
}

// enqueue takes a place in the backlog; false means that it is full.
func (w *webhook) enqueue() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.backlog >= maxBacklog {
		return false
	}
	w.backlog++
	return true
}

// dequeue gives the place back.
func (w *webhook) dequeue() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.backlog--
}

// succeeded ends a row of failures.
func (w *webhook) succeeded() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures, w.changed = 0, w.changed || w.failures > 0
}

// failed counts a delivery that failed for good, and suspends the webhook after limit of them in a row.
func (w *webhook) failed(limit int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures++
	w.changed = true
	if limit > 0 && w.failures >= limit && w.state == webhookEnabled {
		w.state = webhookSuspended
	}
}

// record keeps a try in the bounded activity list, which is in the order in which the tries began, as it is after a
// restart. They may end in another.
func (w *webhook) record(d *delivery, try int, replay bool, result outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.logs) >= maxDeliveryLogs {
		for _, old := range w.logs[:len(w.logs)-maxDeliveryLogs+1] {
			w.droppedLogs = append(w.droppedLogs, old.id)
		}
		w.droppedLogs = w.droppedLogs[max(0, len(w.droppedLogs)-10*maxDeliveryLogs):] // nobody takes them without a data folder
		w.logs = slices.Delete(w.logs, 0, len(w.logs)-maxDeliveryLogs+1)
	}
	id := newID()
	w.unsavedLogs = append(w.unsavedLogs[max(0, len(w.unsavedLogs)-maxDeliveryLogs+1):], id)
	w.logs = append(w.logs, deliveryLog{
		id: id, sent: d, try: try, replay: replay, url: plainURL(w.settings.url), outcome: result,
	})
	slices.SortStableFunc(w.logs, deliveryLog.compare)
}

// activity lists the kept tries, newest first.
func (w *webhook) activity() []deliveryLog {
	w.mu.Lock()
	defer w.mu.Unlock()
	logs := slices.Clone(w.logs)
	slices.Reverse(logs)
	return logs
}
