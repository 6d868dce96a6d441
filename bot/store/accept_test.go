package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/bot/store"
)

func TestAcceptKeepsBodyExactly(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	want := store.Delivery{
		WebhookID: "w1", Key: "id:w1", ReceivedAt: time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC),
		Source: store.SourceWebhook, Body: []byte("{ \"a\":\t1.0, \"b\":\"\\u00e9\xff\x00\" }\r\n"),
		Scope: "repo.content", Action: "update", Repo: "acme/tiny", RepoType: "model", State: store.Received,
	}
	id, _, err := s.Accept(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Delivery(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want.ID = id
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("delivery (-want +got):\n%s", diff)
	}
}

func TestAcceptDedupe(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name          string
		first, second store.Delivery
		duplicate     bool
	}{
		{
			name:      "the same Webhook-Id a year later",
			first:     store.Delivery{WebhookID: "w", Key: "id:w", ReceivedAt: at},
			second:    store.Delivery{WebhookID: "w", Key: "id:w", ReceivedAt: at.AddDate(1, 0, 0)},
			duplicate: true,
		}, {
			name:   "another Webhook-Id",
			first:  store.Delivery{WebhookID: "w", Key: "id:w", ReceivedAt: at},
			second: store.Delivery{WebhookID: "v", Key: "id:v", ReceivedAt: at},
		}, {
			name:      "an equal body within the window",
			first:     store.Delivery{Key: "body:x", ReceivedAt: at},
			second:    store.Delivery{Key: "body:x", ReceivedAt: at.Add(9 * time.Minute)},
			duplicate: true,
		}, {
			name:   "an equal body after the window",
			first:  store.Delivery{Key: "body:x", ReceivedAt: at},
			second: store.Delivery{Key: "body:x", ReceivedAt: at.Add(11 * time.Minute)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := sqlite.open(t)
			first, duplicate, err := s.Accept(t.Context(), c.first)
			if err != nil || duplicate {
				t.Fatalf("first: duplicate %t, %v", duplicate, err)
			}
			second, duplicate, err := s.Accept(t.Context(), c.second)
			if err != nil || duplicate != c.duplicate || (second == first) != c.duplicate {
				t.Errorf("second: id equal %t, duplicate %t, %v; want %t", second == first, duplicate, err, c.duplicate)
			}
			d, err := s.Delivery(t.Context(), first)
			if err != nil {
				t.Fatal(err)
			}
			if counted := d.Duplicates == 1; counted != c.duplicate {
				t.Errorf("duplicates %d on the first, duplicate %t", d.Duplicates, c.duplicate)
			}
		})
	}
}

// The bot dies right after its answers; everything it answered for is there when it comes back, once.
func TestAcceptedSurvivesReopen(t *testing.T) {
	t.Parallel()
	const senders, each = 64, 8
	path := filepath.Join(t.TempDir(), "bot.db")
	s := openAt(t, path)
	var mu sync.Mutex
	accepted := map[string]string{} // id -> key
	var wg sync.WaitGroup
	for sender := range senders {
		wg.Go(func() {
			for n := range each {
				key := fmt.Sprintf("id:%d-%d", sender, n)
				id, _, err := s.Accept(context.Background(), store.Delivery{WebhookID: key, Key: key})
				if err != nil {
					t.Errorf("%s: %v", key, err)
					return
				}
				mu.Lock()
				accepted[id] = key
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	for id, key := range accepted {
		d, err := s.Delivery(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if d.Key != key {
			t.Errorf("delivery %s has key %s, want %s", id, d.Key, key)
		}
	}
	left, err := s.Unmatched(t.Context(), time.Now().Add(time.Hour), "", 10_000)
	if err != nil || len(left) != senders*each {
		t.Errorf("%d unmatched, %v; want %d", len(left), err, senders*each)
	}
}

func TestAcceptAfterClose(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Accept(t.Context(), store.Delivery{Key: "k"}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("accept: %v, want ErrClosed", err)
	}
}

// stall holds the connection that writes until the returned function is called.
func stall(t *testing.T, s *store.Store) (release func()) {
	t.Helper()
	held, done := make(chan struct{}), make(chan struct{})
	finished := make(chan error, 1)
	go func() {
		finished <- s.InTx(context.Background(), func(*store.Tx) error {
			close(held)
			<-done
			return nil
		})
	}()
	<-held
	return func() {
		close(done)
		if err := <-finished; err != nil {
			t.Errorf("stall: %v", err)
		}
	}
}

// gone is the context of a caller that has hung up: Accept queues its delivery and returns at once.
func gone() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestAcceptHangUp(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	release := stall(t, s)
	id := newID()
	_, _, err := s.Accept(gone(), store.Delivery{ID: id, WebhookID: "w", Key: "id:w"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("accept: %v, want the caller's cancel", err)
	}
	release()
	again, duplicate, err := s.Accept(t.Context(), store.Delivery{WebhookID: "w", Key: "id:w"})
	if err != nil || !duplicate || again != id {
		t.Errorf("again: id %s, duplicate %t, %v; want the first one's id %s", again, duplicate, err, id)
	}
}

func TestAcceptBusyWhenFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bot.db")
	s := openAt(t, path)
	release := stall(t, s)
	queued := 0
	for {
		_, _, err := s.Accept(gone(), store.Delivery{Key: fmt.Sprint("id:", queued), WebhookID: "w"})
		if errors.Is(err, store.ErrBusy) {
			break
		}
		if queued++; queued > 10_000 {
			t.Fatal("the queue has no end")
		}
	}
	release()
	if err := s.Close(); err != nil { // writes what waits
		t.Fatal(err)
	}
	left, err := openAt(t, path).Unmatched(t.Context(), time.Now().Add(time.Hour), "", 20_000)
	if err != nil || len(left) != queued {
		t.Errorf("%d deliveries kept, %v; want %d", len(left), err, queued)
	}
}

func TestAcceptBusyWhenSlow(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	store.SetSlow(s, time.Millisecond)
	release := stall(t, s)
	defer release()
	if _, _, err := s.Accept(t.Context(), store.Delivery{Key: "k"}); !errors.Is(err, store.ErrBusy) {
		t.Errorf("accept: %v, want ErrBusy", err)
	}
}

// In a group with a delivery that cannot be written, the others are, also those that one statement was to write with it.
func TestAcceptBadNeighbour(t *testing.T) {
	t.Parallel()
	s := sqlite.open(t)
	taken := accept(t, s)
	release := stall(t, s)
	kept := map[string]bool{}
	for i := range 9 {
		d := store.Delivery{WebhookID: fmt.Sprint(i), Key: fmt.Sprint("id:", i)}
		if i == 4 {
			d.ID = taken
		}
		kept[d.Key] = i != 4
		_, _, _ = s.Accept(gone(), d)
	}
	release()
	for key, want := range kept {
		_, duplicate, err := s.Accept(t.Context(), store.Delivery{WebhookID: "w", Key: key})
		if err != nil || duplicate != want {
			t.Errorf("%s: was kept %t, %v; want %t", key, duplicate, err, want)
		}
	}
	if all, err := s.Counts(t.Context()); err != nil || all.Deliveries[store.Received] != 1+9 {
		t.Errorf("%v are kept, %v; want 10", all.Deliveries, err)
	}
	_, _, err := s.Accept(t.Context(), store.Delivery{WebhookID: "worse", Key: "id:worse", ID: taken})
	if err == nil {
		t.Error("a second delivery with the same id was accepted")
	}
}

// Of many deliveries that are written together, those that equal one from before or one among them are counted on it, and
// each of the others is kept.
func testAcceptGroup(t *testing.T, db database) {
	s := db.open(t)
	now := s.Now()
	before := map[string]time.Time{"id:3": {}, "body:3": now.Add(-time.Minute), "body:5": now.Add(-time.Hour)}
	want := map[string]string{} // which one a key stands for
	for key, at := range before {
		d := store.Delivery{ID: newID(), Key: key, ReceivedAt: at}
		if at.IsZero() {
			d.WebhookID = key
		}
		if _, duplicate, err := s.Accept(t.Context(), d); err != nil || duplicate {
			t.Fatalf("%s: duplicate %t, %v", key, duplicate, err)
		}
		want[key] = d.ID
	}
	delete(want, "body:5") // is too long ago
	release := stall(t, s)
	duplicates := map[string]int{}
	for i := range 120 { // a group on SQLite, of 80 keys
		d := store.Delivery{ID: newID(), Key: fmt.Sprint("body:", i%40), ReceivedAt: now, Body: []byte{byte(i)}}
		if i < 40 {
			d.Key, d.WebhookID = fmt.Sprint("id:", i), fmt.Sprint(i)
		}
		if _, _, err := s.Accept(gone(), d); !errors.Is(err, context.Canceled) && err != nil {
			t.Fatal(err)
		}
		if first, ok := want[d.Key]; ok {
			duplicates[first]++
		} else {
			want[d.Key] = d.ID
		}
	}
	release()
	for key, id := range want {
		again := store.Delivery{Key: key, ReceivedAt: now}
		if key[0] == 'i' {
			again.WebhookID = key
		}
		got, duplicate, err := s.Accept(t.Context(), again)
		if err != nil || !duplicate || got != id {
			t.Errorf("%s again: id %s, duplicate %t, %v; want %s", key, got, duplicate, err, id)
		}
		d, err := s.Delivery(t.Context(), id)
		if err != nil || d.Key != key || d.Duplicates != duplicates[id]+1 {
			t.Errorf("%s: %+v, %v; want %d duplicates", key, d, err, duplicates[id]+1)
		}
	}
	if all, err := s.Counts(t.Context()); err != nil || all.Deliveries[store.Received] != 81 {
		t.Errorf("%v are kept, %v; want 81", all.Deliveries, err)
	}
}
