package store

import "errors"

// post runs a statement of which nobody waits for the result, before the next one or the commit. On PostgreSQL it goes with
// those (see pipeline). One that fails is told by the commit at the latest, which then does not happen.
func (t *Tx) post(query string, args ...any) error {
	if t.pipe == nil {
		_, err := t.exec(query, args...)
		return err
	}
	t.pipe.add(t.tx.dialect.rebind(query), t.tx.dialect.args(args)...)
	return t.pipe.err
}

// mustChange is post for a statement that has to change a row; when it changes none, the transaction fails with unchanged.
// On SQLite it costs less than a query with RETURNING, for which a copy of each page that changes is kept.
func (t *Tx) mustChange(unchanged error, query string, args ...any) error {
	if t.pipe == nil {
		n, err := t.exec(query, args...)
		if err == nil && n == 0 {
			return unchanged
		}
		return err
	}
	t.pipe.mustChange(unchanged, t.tx.dialect.rebind(query), t.tx.dialect.args(args)...)
	return t.pipe.err
}

// ask runs a query whose answer is read at the latest before the commit, which does not happen when read returns an error.
// On PostgreSQL it goes with others (see pipeline): whoever needs what read got before the end calls flush.
func (t *Tx) ask(read func(row) error, query string, args ...any) error {
	if t.pipe == nil {
		return read(t.tx.QueryRowContext(t.ctx, query, args...))
	}
	first := func(all rows) error { return read(firstRow{all, nil}) }
	t.pipe.ask(first, t.tx.dialect.rebind(query), t.tx.dialect.args(args)...)
	return t.pipe.err
}

// askAll is ask for any number of rows, each of which read gets.
func (t *Tx) askAll(read func(row) error, query string, args ...any) error {
	each := func(all rows) error {
		_, err := collect(all, func(one row) (struct{}, error) { return struct{}{}, read(one) })
		return err
	}
	if t.pipe != nil {
		t.pipe.ask(each, t.tx.dialect.rebind(query), t.tx.dialect.args(args)...)
		return t.pipe.err
	}
	all, err := t.tx.QueryContext(t.ctx, query, args...)
	if err != nil {
		return err
	}
	return each(all)
}

// errGuess says that a guess was wrong; the transaction is done again without any.
var errGuess = errors.New("store: the transaction guessed wrong")

// unlikely runs a query that is seldom answered with what read calls true. With guess, it says false before the answer is
// there if that saves a way to the server; the transaction fails with errGuess when it was true.
func (t *Tx) unlikely(guess bool, read func(row) (bool, error), query string, args ...any) (bool, error) {
	if !guess || t.careful || t.pipe == nil {
		return read(t.tx.QueryRowContext(t.ctx, query, args...))
	}
	return false, t.ask(func(answer row) error {
		is, err := read(answer)
		if err == nil && is {
			return errGuess
		}
		return err
	}, query, args...)
}

// flush does what waits.
func (t *Tx) flush() error {
	if t.pipe == nil {
		return nil
	}
	return t.pipe.flush()
}
