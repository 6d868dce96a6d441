package store

import (
	"cmp"
	"database/sql"
	"errors"
	"slices"
)

// acceptTogether does what acceptHere does, with one question to the server for all deliveries instead of some for each.
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
	answers := make([]accepted, len(group))
	for _, i := range order {
		d := &group[i].delivery
		if answers[i] = (accepted{id: firsts[i], duplicate: firsts[i] != d.ID}); answers[i].duplicate {
			err = t.post(countDuplicate, firsts[i])
		} else {
			err = t.post(insertDelivery, deliveryValues(d)...)
		}
		if err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// claimTogether returns, for each delivery, the id of the one that its key stands for.
func (t *Tx) claimTogether(group []*pending, order []int) (firsts []string, err error) {
	firsts = make([]string, len(group))
	for _, i := range order {
		read := func(claimed row) error {
			if err := claimed.Scan(&firsts[i]); !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			return nil
		}
		args := append(claim(&group[i].delivery), claimBounds()...)
		if err := t.ask(read, "INSERT "+claimKeys+claimRow+claimOver+` RETURNING delivery_id`, args...); err != nil {
			return nil, err
		}
	}
	if err := t.flush(); err != nil {
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
