package emulator

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func jsonBody(text string) io.Reader { return strings.NewReader(text) }

func TestWhoAmI(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	who := l.call("ann", "GET", "/api/whoami-v2", "", 200)
	id, _ := who.field("id").(string)
	if !objectID.MatchString(id) || who.field("name") != "ann" || who.field("auth", "accessToken", "role") != "write" {
		t.Fatalf("answer %v", who.body)
	}
	for _, name := range []string{"ann", "ANN", id} {
		user := l.call("", "GET", "/api/users/"+name+"/overview", "", 200)
		if user.field("_id") != id || user.field("user") != "ann" {
			t.Errorf("%s is %v", name, user.body)
		}
	}
	l.call("", "GET", "/api/users/carol/overview", "", 404)
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for header, want := range map[string]int{
		"":                        401,
		"Bearer hf_ann":           200,
		"bearer hf_ann":           200,
		"Bearer hf_an":            401,
		"Bearer ":                 401,
		"Digest hf_ann":           401,
		basic("anyone:hf_ann"):    200,
		basic("ann:hf_nobody"):    401,
		basic("hf_ann:"):          401,
		"Basic not base64 at all": 401,
	} {
		req, err := http.NewRequest(http.MethodGet, l.URL()+"/api/whoami-v2", nil)
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%q: status %d, want %d", header, resp.StatusCode, want)
		}
		if want == 401 && resp.Header.Get("X-Error-Message") == "" {
			t.Errorf("%q: no X-Error-Message", header)
		}
	}
}

// Every answer has an id to report problems by, and the rate limit.
func TestStandardHeaders(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	for _, path := range []string{"/api/whoami-v2", "/no/such/page", "/api/models"} {
		got := l.call("ann", "GET", path, "", map[bool]int{true: 404, false: 200}[path == "/no/such/page"])
		for _, name := range []string{"X-Request-Id", "RateLimit", "RateLimit-Policy"} {
			if got.header.Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
		for name := range got.header {
			if strings.HasPrefix(name, "X-Xet") {
				t.Errorf("%s: %s would make clients use Xet", path, name)
			}
		}
	}
}

// The official Python client finds its own id in the answer.
func TestRequestID(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	long := strings.Repeat("x", 300)
	for _, each := range []struct{ name, sent, want string }{
		{"X-Request-Id", "mine", "mine"}, {"X-Amzn-Trace-Id", "mine", "mine"}, {"X-Amzn-Trace-Id", long, ""},
	} {
		req := httptest.NewRequest(http.MethodGet, l.URL()+"/api/models", nil)
		req.Header.Set(each.name, each.sent)
		got := httptest.NewRecorder()
		l.Handler().ServeHTTP(got, req)
		switch id := got.Header().Get("X-Request-Id"); {
		case each.want != "" && id != each.want, each.want == "" && (id == "" || id == each.sent):
			t.Errorf("%s: %.20s is answered with %.20q", each.name, each.sent, id)
		}
	}
}

func TestNewRefusesBadUsers(t *testing.T) {
	t.Parallel()
	for name, users := range map[string][]User{
		"no token":    {{Name: "ann"}},
		"no name":     {{Token: "t"}},
		"looks as id": {{Name: "0123456789abcdef01234567", Token: "t"}},
		"slash":       {{Name: "a/b", Token: "t"}},
		"same name":   {{Name: "ann", Token: "1"}, {Name: "Ann", Token: "2"}},
		"same token":  {{Name: "ann", Token: "1"}, {Name: "bob", Token: "1"}},
	} {
		if _, err := New(Options{Users: users}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
