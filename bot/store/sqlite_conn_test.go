package store_test

import (
	"testing"
)

// A statement that is kept prepared serves nested callers, also after the schema has changed under it.
func TestPreparedStatements(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.DB().Exec(`CREATE TABLE marks (name TEXT NOT NULL)`)
	must(err)
	tx, err := s.DB().Begin()
	must(err)
	for _, name := range []string{"a", "b"} {
		_, err = tx.Exec(`INSERT INTO marks (name) VALUES (?)`, name)
		must(err)
	}
	const all = `SELECT * FROM marks ORDER BY name`
	outer, err := tx.Query(all)
	must(err)
	pairs := ""
	for outer.Next() {
		var a, b string
		must(outer.Scan(&a))
		inner, err := tx.Query(all)
		must(err)
		for inner.Next() {
			must(inner.Scan(&b))
			pairs += a + b + " "
		}
		must(inner.Err())
		must(inner.Close())
	}
	must(outer.Err())
	must(outer.Close())
	must(tx.Commit())
	if pairs != "aa ab ba bb " {
		t.Errorf("read %q", pairs)
	}
	_, err = s.DB().Exec(`ALTER TABLE marks ADD COLUMN n BIGINT NOT NULL DEFAULT 7`)
	must(err)
	var name string
	var n int
	must(s.DB().QueryRow(all).Scan(&name, &n))
	if name != "a" || n != 7 {
		t.Errorf("read %s %d after the column was added", name, n)
	}
	if _, err := s.DB().Exec(`INSERT INTO marks (name) VALUES (NULL)`); err == nil {
		t.Error("a statement that fails does not say so")
	}
	if _, err := s.DB().Exec(`INSERT INTO marks (name) VALUES (?)`, "c"); err != nil {
		t.Errorf("after a failed one: %v", err)
	}
}
