package emulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCollections(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	l.makeRepo("model", "m", "")
	l.makeRepo("dataset", "d", `,"private":true`)
	made := l.call("ann", "POST", "/api/collections",
		`{"title":"My Äny things!","namespace":"ann","description":"d","item":{"type":"model","id":"ann/m"}}`, 200)
	slug := made.field("slug").(string)
	if !strings.HasPrefix(slug, "ann/my-ny-things-") || made.field("items", 0, "id") != "ann/m" ||
		made.field("owner", "name") != "ann" || made.field("position") != 0.0 {
		t.Errorf("collection: %v", made.body)
	}
	path := "/api/collections/" + slug
	if again := l.call("ann", "POST", "/api/collections", `{"title":"My Äny things!","namespace":"ann"}`, 409); again.field("slug") != slug {
		t.Errorf("again: %v", again.body)
	}
	l.call("bob", "POST", "/api/collections", `{"title":"x","namespace":"ann"}`, 403)
	l.call("ann", "POST", "/api/collections", `{"title":"","namespace":"ann"}`, 400)
	l.call("", "POST", path+"/items", `{"item":{"type":"model","id":"ann/m"}}`, 401)
	l.call("bob", "POST", path+"/items", `{"item":{"type":"model","id":"ann/m"}}`, 403)
	l.call("ann", "POST", path+"/items", `{"item":{"type":"model","id":"ann/m"}}`, 409)
	l.call("ann", "POST", path+"/items", `{"item":{"type":"model","id":"ann/none"}}`, 404)
	l.call("ann", "POST", path+"/items", `{"item":{"type":"song","id":"x"}}`, 400)
	l.call("ann", "POST", path+"/items", `{"item":{"type":"paper","id":"2307.09288"},"note":"read <this>"}`, 200)
	full := l.call("ann", "POST", path+"/items", `{"item":{"type":"dataset","id":"ann/d"}}`, 200)
	dataset, paper := full.field("items", 2, "_id").(string), full.field("items", 1, "_id").(string)
	if full.field("items", 1, "note", "html") != "<p>read &lt;this&gt;</p>" {
		t.Errorf("note: %v", full.field("items", 1))
	}
	l.call("ann", "PATCH", path+"/items/"+dataset, `{"position":0,"note":"mine"}`, 200)
	l.call("ann", "POST", path+"/items/batch", `[{"action":"update","_id":"`+paper+`","data":{"position":99}}]`, 200)
	order := func(user string) (ids []string) {
		got := l.call(user, "GET", path, "", 200)
		for i := range got.field("items").([]any) {
			ids = append(ids, fmt.Sprint(got.field("items", i, "id"), got.field("items", i, "position")))
		}
		return ids
	}
	if diff := cmp.Diff([]string{"ann/d0", "ann/m1", "2307.092882"}, order("ann")); diff != "" {
		t.Errorf("items:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ann/m0", "2307.092881"}, order("bob")); diff != "" {
		t.Errorf("items that bob sees:\n%s", diff)
	}
	l.call("ann", "POST", "/api/repos/move", `{"fromRepo":"ann/m","toRepo":"ann/n","type":"model"}`, 200)
	if got := order("ann")[1]; got != "ann/n1" {
		t.Errorf("after the model moved: %s", got)
	}
	l.call("ann", "DELETE", path+"/items/"+paper, "", 200)
	l.call("ann", "DELETE", path+"/items/"+paper, "", 404)

	for query, want := range map[string]int{
		"": 1, "?owner=ann": 1, "?owner=bob": 0, "?item=models/ann/n": 1, "?item=models/ann/x": 0, "?q=THINGS": 1, "?q=no": 0,
	} {
		if got := l.call("", "GET", "/api/collections"+query, "", 200).body.([]any); len(got) != want {
			t.Errorf("%q: %v", query, got)
		}
	}
	changed := l.call("ann", "PATCH", path, `{"title":"New","private":true,"theme":"blue"}`, 200)
	if changed.field("data", "title") != "New" || changed.field("data", "theme") != "blue" {
		t.Errorf("changed: %v", changed.body)
	}
	l.call("ann", "PATCH", path, `{"theme":"beige"}`, 400)
	l.call("bob", "GET", path, "", 404)
	l.call("ann", "GET", path, "", 200) // by the id in the old slug
	l.call("ann", "DELETE", path, "", 200)
	l.call("ann", "GET", path, "", 404)
}

// slowReader is a client that takes an answer only when it is let.
type slowReader struct {
	*httptest.ResponseRecorder
	begun, let chan struct{}
}

func (w *slowReader) Write(p []byte) (int, error) {
	close(w.begun)
	<-w.let
	return w.ResponseRecorder.Write(p)
}

// TestListUnread changes a collection while a list of them is not read: to save the one must not wait for the other.
func TestListUnread(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{Data: t.TempDir()})
	made := l.call("ann", "POST", "/api/collections", `{"title":"t","namespace":"ann"}`, 200)
	reader := &slowReader{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	listed, changed := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(listed)
		l.Handler().ServeHTTP(reader, httptest.NewRequest(http.MethodGet, l.URL()+"/api/collections", nil))
	}()
	<-reader.begun
	go func() {
		got, err := l.do("ann", "PATCH", "/api/collections/"+made.field("slug").(string), `{"title":"u"}`)
		if err == nil && got.status != http.StatusOK {
			err = fmt.Errorf("status %d", got.status)
		}
		changed <- err
	}()
	select {
	case err := <-changed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the change waits for the reader of the list")
	}
	close(reader.let)
	<-listed
	if body := reader.Body.String(); !strings.Contains(body, `"title":"t"`) {
		t.Errorf("the list: %s", body)
	}
}
