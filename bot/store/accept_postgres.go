package store

import (
	"cmp"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
)

// acceptTogether does what acceptEach does, with one question to the server for all deliveries instead of some for each.
func (t *Tx) acceptTogether(group []*pending) ([]accepted, error) {
	// Instances that write equal deliveries at the same time wait for each other's keys; in one order, none waits for
	// one that waits for it.
	order := make([]int, len(group))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(group[a].delivery.Key, group[b].delivery.Key) })
	firsts, err := t.claimTogether(group, order)
	if err != nil {
		return nil, err
	}
	answers, writes := make([]accepted, len(group)), &pgx.Batch{}
	for _, i := range order {
		d := &group[i].delivery
		if answers[i] = (accepted{id: firsts[i], duplicate: firsts[i] != d.ID}); answers[i].duplicate {
			t.queueUp(writes, countDuplicate, firsts[i])
		} else {
			t.queueUp(writes, insertDelivery, deliveryValues(d)...)
		}
	}
	return answers, t.conn.SendBatch(t.ctx, writes).Close()
}

// claimTogether returns, for each delivery, the id of the one that its key stands for.
func (t *Tx) claimTogether(group []*pending, order []int) (firsts []string, err error) {
	claims := &pgx.Batch{}
	for _, i := range order {
		t.queueUp(claims, claimKey, t.store.claim(&group[i].delivery)...)
	}
	results := t.conn.SendBatch(t.ctx, claims)
	firsts = make([]string, len(group))
	for _, i := range order {
		err := results.QueryRow().Scan(&firsts[i])
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return nil, errors.Join(err, results.Close())
		}
	}
	if err := results.Close(); err != nil {
		return nil, err
	}
	for i, first := range firsts {
		if first != "" {
			continue
		}
		if err := t.tx.QueryRowContext(t.ctx, findKey, group[i].delivery.Key).Scan(&firsts[i]); err != nil {
			return nil, err
		}
	}
	return firsts, nil
}

// queueUp puts a query of this package into a batch.
func (t *Tx) queueUp(b *pgx.Batch, query string, args ...any) {
	b.Queue(t.tx.dialect.rebind(query), t.tx.dialect.args(args)...)
}
