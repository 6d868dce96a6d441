package emulator

import (
	"maps"
	"slices"

	"go.etcd.io/bbolt"
)

// changes takes those of webhooks, their activity and the deliveries that are under way.
func (h *webhooks) changes() (writes []write) {
	h.mu.Lock()
	removed, pending := h.removed, h.unsaved
	h.removed, h.unsaved = nil, nil
	h.mu.Unlock()
	for id, d := range pending {
		writes = append(writes, func(tx *bbolt.Tx) error {
			if d == nil {
				return tx.Bucket(bucketDeliveries).Delete([]byte(id))
			}
			return putRecord(tx, bucketDeliveries, id, d.record())
		})
	}
	for number, w := range h.list() {
		writes = append(writes, w.takeChanges(number)...)
	}
	for _, id := range removed {
		writes = append(writes, func(tx *bbolt.Tx) error {
			if err := tx.Bucket(bucketWebhooks).Delete([]byte(id)); err != nil {
				return err
			}
			return dropPrefix(tx, bucketLogs, id)
		})
	}
	return writes
}

// begin notes deliveries that are to be made, also by a later process if this one dies.
func (h *webhooks) begin(deliveries []*delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unsaved == nil {
		h.unsaved = map[string]*delivery{}
	}
	for _, d := range deliveries {
		h.unsaved[d.id] = d
	}
}

// finish notes that nothing is left to do for a delivery.
func (h *webhooks) finish(d *delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.unsaved == nil {
		h.unsaved = map[string]*delivery{}
	}
	h.unsaved[d.id] = nil
}

func (w *webhook) takeChanges(number int) (writes []write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed {
		record := webhookRecord{
			Number: number, Owner: w.owner.id, URL: w.settings.url, Job: w.settings.job, Secret: w.settings.secret.Reveal(),
			Watched: slices.Clone(w.settings.watched), Domains: slices.Clone(w.settings.domains), State: w.state,
			Failures: w.failures, LastTrigger: w.lastTrigger, Triggers: w.triggers,
		}
		writes = append(writes, func(tx *bbolt.Tx) error { return putRecord(tx, bucketWebhooks, w.id, record) })
	}
	kept := map[string]logRecord{}
	for _, log := range w.logs {
		if slices.Contains(w.unsavedLogs, log.id) {
			kept[log.id] = log.record()
		}
	}
	if dropped := slices.Clone(w.droppedLogs); len(kept)+len(dropped) > 0 {
		writes = append(writes, func(tx *bbolt.Tx) error {
			for _, id := range slices.Sorted(maps.Keys(kept)) {
				if err := putRecord(tx, bucketLogs, w.id+" "+id, kept[id]); err != nil {
					return err
				}
			}
			for _, id := range dropped {
				if err := tx.Bucket(bucketLogs).Delete([]byte(w.id + " " + id)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	w.changed, w.unsavedLogs, w.droppedLogs = false, nil, nil
	return writes
}

func (d *delivery) record() deliveryRecord {
	return deliveryRecord{ID: d.id, Hook: d.hook.id, Event: d.event, Repo: d.repo, Body: d.body}
}

func (l deliveryLog) record() logRecord {
	record := logRecord{
		Delivery: l.sent.record(), Try: l.try, Replay: l.replay, URL: l.url, Status: l.status, Answer: l.answer,
		Began: l.began, Took: l.took,
	}
	if l.err != nil {
		record.Error = l.err.Error()
	}
	return record
}
