package dashboard_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hfbot/hfbot/bot/dashboard"
)

// visitor is a browser without scripts: it keeps cookies and follows no redirect by itself.
type visitor struct {
	t      *testing.T
	site   *httptest.Server
	client *http.Client
}

func newVisitor(t *testing.T, from *day, change func(*dashboard.Options), fill func(*sample)) *visitor {
	t.Helper()
	s := newSampleSite(t, true, from, change, fill)
	site := httptest.NewServer(s.handler)
	t.Cleanup(func() { site.CloseClientConnections(); site.Close() })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, site, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// send makes a request with headers as "name: value".
func (v *visitor) send(method, path string, form url.Values, headers ...string) (*http.Response, string) {
	v.t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = v.site.URL + path
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp, string(body)
}

func (v *visitor) want(status int, method, path string, form url.Values, headers ...string) string {
	v.t.Helper()
	resp, body := v.send(method, path, form, headers...)
	if resp.StatusCode != status {
		v.t.Errorf("%s %s: %d, want %d\n%.400s", method, path, resp.StatusCode, status, body)
	}
	return body
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func TestSession(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, theDay(t), nil, nil)
	delivery := theDay(t).matched
	v.want(http.StatusUnauthorized, "POST", "/login", url.Values{"token": {"wrong"}})
	v.want(http.StatusForbidden, "POST", "/login", url.Values{"token": {"s3cret"}}, "Origin: https://evil.example")
	resp, _ := v.send("POST", "/login", url.Values{"token": {"s3cret"}, "to": {"/runs?state=failed"}})
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/runs?state=failed" {
		t.Fatalf("login: %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	cookie := resp.Header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %s", cookie, part)
		}
	}
	page := v.want(http.StatusOK, "GET", "/deliveries/"+delivery, nil)
	csrf := csrfField.FindStringSubmatch(page)
	if csrf == nil {
		t.Fatal("the page has no form")
	}
	good := url.Values{"csrf": {csrf[1]}}
	replay := "/deliveries/" + delivery + "/replay"
	v.want(http.StatusForbidden, "POST", replay, url.Values{})
	v.want(http.StatusForbidden, "POST", replay, url.Values{"csrf": {"guess"}})
	v.want(http.StatusForbidden, "POST", replay, good, "Sec-Fetch-Site: cross-site")
	v.want(http.StatusForbidden, "POST", replay, good, "Origin: https://evil.example")
	v.want(http.StatusForbidden, "POST", "/api/v1"+replay, nil, "Origin: https://evil.example")
	if audit := v.want(http.StatusOK, "GET", "/audit", nil); strings.Contains(audit, "replay</td>") {
		t.Error("a refused form is in the audit log")
	}
	v.want(http.StatusSeeOther, "POST", replay, good)
	if audit := v.want(http.StatusOK, "GET", "/audit", nil); !strings.Contains(audit, "<td>replay</td>") || !strings.Contains(audit, "admin token") {
		t.Errorf("the replay is not in the audit log:\n%s", audit)
	}
	v.want(http.StatusSeeOther, "POST", "/logout", good)
	v.want(http.StatusUnauthorized, "GET", "/deliveries/"+delivery, nil)
	v.want(http.StatusUnauthorized, "GET", "/api/v1/runs", nil)
}

// A cookie that somebody planted is never taken for a session, and each sign-in makes a new one and ends the one before.
func TestSessionIsNew(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, nil, nil, nil)
	v.client.Jar = nil // the cookies are those that are given
	enter := func(cookie string) string {
		t.Helper()
		resp, _ := v.send("POST", "/login", url.Values{"token": {"s3cret"}}, "Cookie: "+cookie, "X-Forwarded-Proto: https")
		name, rest, _ := strings.Cut(resp.Header.Get("Set-Cookie"), "=")
		secret, flags, _ := strings.Cut(rest, ";")
		if name != "__Host-hfbot_session" || len(secret) < 43 || !strings.Contains(flags, "Secure") || strings.Contains(flags, "Domain") {
			t.Fatalf("the cookie is %q", resp.Header.Get("Set-Cookie"))
		}
		return name + "=" + secret
	}
	const tls = "X-Forwarded-Proto: https"
	planted := "__Host-hfbot_session=planted"
	v.want(http.StatusUnauthorized, "GET", "/runs", nil, "Cookie: "+planted, tls)
	first := enter(planted)
	v.want(http.StatusUnauthorized, "GET", "/runs", nil, "Cookie: "+planted, tls)
	v.want(http.StatusOK, "GET", "/runs", nil, "Cookie: "+first, tls)
	v.want(http.StatusUnauthorized, "GET", "/runs", nil, "Cookie: "+strings.TrimPrefix(first, "__Host-"), tls) // a neighbour can set this
	second := enter(first)
	v.want(http.StatusUnauthorized, "GET", "/runs", nil, "Cookie: "+first, tls)
	v.want(http.StatusOK, "GET", "/runs", nil, "Cookie: "+second, tls)
}

// Strangers get no stream of anything.
func TestStreamsAreForPeople(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, nil, func(o *dashboard.Options) { o.PublicHost = "bot.hf.space" }, nil)
	for _, path := range []string{"/", "/deliveries", "/runs", "/rules"} {
		resp, _ := v.send("GET", path, nil, "Accept: text/event-stream")
		if kind := resp.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/event-stream") {
			t.Errorf("%s: a stranger gets a stream", path)
		}
	}
}

func TestLoginLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, nil, nil, nil)
	for to, want := range map[string]string{
		"/rules": "/rules", "/runs?state=failed&x=1": "/runs?state=failed&x=1", "": "/", "//evil.example": "/", "https://evil.example": "/",
		`/\evil.example`: "/", "/login": "/", "javascript:alert(1)": "/", "%2F": "/", "/a\r\nSet-Cookie: x": "/", "evil": "/",
	} {
		resp, _ := v.send("POST", "/login", url.Values{"token": {"s3cret"}, "to": {to}})
		if got := resp.Header.Get("Location"); got != want {
			t.Errorf("to %q leads to %q, want %q", to, got, want)
		}
	}
}

func TestLoginAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	near := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	v := newVisitor(t, nil, func(o *dashboard.Options) { o.Proxies = near }, nil)
	for range 10 {
		v.want(http.StatusUnauthorized, "POST", "/login", url.Values{"token": {"wrong"}})
	}
	if body := v.want(http.StatusTooManyRequests, "POST", "/login", url.Values{"token": {"s3cret"}}); !strings.Contains(body, "Wait a minute") {
		t.Errorf("it does not say what to do: %.300s", body)
	}
	resp, _ := v.send("POST", "/login", url.Values{"token": {"s3cret"}}, "X-Forwarded-For: 203.0.113.9")
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the admin at another address is locked out: %d", resp.StatusCode)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, nil, nil, nil)
	for _, path := range []string{"/login", "/runs", "/nowhere", "/assets/x/y"} {
		resp, _ := v.send("GET", path, nil)
		if got := resp.Header.Get("Content-Security-Policy"); !strings.Contains(got, "frame-ancestors 'none'") {
			t.Errorf("%s of a bot without a public name may be framed: %q", path, got)
		}
	}
	v = newVisitor(t, nil, func(o *dashboard.Options) { o.PublicHost = "bot.hf.space" }, nil)
	resp, body := v.send("GET", "/login", nil, "Sec-Fetch-Dest: iframe")
	if !strings.Contains(body, `target="_blank"`) || strings.Contains(body, `type="password"`) {
		t.Errorf("inside a frame there is a form to sign in: %.600s", body)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "frame-ancestors 'self' https://huggingface.co", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "same-origin", "Cache-Control": "no-store", "Permissions-Policy": "camera=()",
	} {
		if got := resp.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", name, got, want)
		}
	}
	if policy := resp.Header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || strings.Contains(policy, "http://") {
		t.Errorf("the policy %q is not strict", policy)
	}
}

// provider plays an OpenID provider that says what the test wants.
func provider(t *testing.T, userInfo string) *httptest.Server {
	t.Helper()
	server, _ := providerOf(t, userInfo)
	return server
}

// providerOf is a provider that wants the verifier of the challenge it is told.
func providerOf(t *testing.T, userInfo string) (server *httptest.Server, challenge *atomic.Pointer[string]) {
	t.Helper()
	challenge = new(atomic.Pointer[string])
	mux := http.NewServeMux()
	server = httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{
			"authorization_endpoint": server.URL + "/oauth/authorize", "token_endpoint": server.URL + "/oauth/token",
			"userinfo_endpoint": server.URL + "/oauth/userinfo",
		})
	})
	mux.HandleFunc("/oauth/token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if id != "client" || secret != "hush" || r.PostFormValue("code") != "good" || len(r.PostFormValue("code_verifier")) < 43 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if want := challenge.Load(); want != nil && *want != base64.RawURLEncoding.EncodeToString(sum[:]) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		io.WriteString(w, `{"access_token":"hf_oauth_x"}`)
	})
	mux.HandleFunc("/oauth/userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hf_oauth_x" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, userInfo)
	})
	return server, challenge
}

// The verifier that goes to the provider is that of the challenge which the browser took there, and of no other sign-in.
func TestSignInProof(t *testing.T) {
	t.Parallel()
	p, challenge := providerOf(t, `{"sub":"1","preferred_username":"ada"}`)
	v := newVisitor(t, nil, func(o *dashboard.Options) {
		o.SignIn = dashboard.SignIn{Provider: p.URL, ClientID: "client", ClientSecret: "hush", Users: []string{"ada"}}
	}, nil)
	begin := func() url.Values {
		t.Helper()
		resp, _ := v.send("GET", "/login/huggingface", nil)
		at, err := url.Parse(resp.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return at.Query()
	}
	other, mine := begin(), begin()
	if other.Get("state") == mine.Get("state") || other.Get("code_challenge") == mine.Get("code_challenge") {
		t.Error("two sign-ins have the same secrets")
	}
	told := other.Get("code_challenge")
	challenge.Store(&told)
	v.want(http.StatusBadGateway, "GET", "/login/callback?code=good&state="+mine.Get("state"), nil)
	mine = begin()
	told = mine.Get("code_challenge")
	v.want(http.StatusBadRequest, "GET", "/login/callback?code=good&state="+other.Get("state"), nil)
	mine = begin()
	told = mine.Get("code_challenge")
	v.want(http.StatusSeeOther, "GET", "/login/callback?code=good&state="+mine.Get("state"), nil)
}

func TestSignInAdmits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		userInfo string
		status   int
	}{
		"named user":                 {`{"sub":"1","preferred_username":"ada"}`, http.StatusSeeOther},
		"member of a named org":      {`{"sub":"1","preferred_username":"bob","orgs":[{"preferred_username":"acme","roleInOrg":"read"}]}`, http.StatusSeeOther},
		"the Space's owner":          {`{"sub":"1","preferred_username":"lab"}`, http.StatusSeeOther},
		"writer of the owning org":   {`{"sub":"1","preferred_username":"bob","orgs":[{"preferred_username":"lab","roleInOrg":"write"}]}`, http.StatusSeeOther},
		"reader of the owning org":   {`{"sub":"1","preferred_username":"bob","orgs":[{"preferred_username":"lab","roleInOrg":"read"}]}`, http.StatusForbidden},
		"stranger":                   {`{"sub":"1","preferred_username":"eve","orgs":[{"preferred_username":"other","roleInOrg":"admin"}]}`, http.StatusForbidden},
		"named like nobody":          {`{"sub":"1","preferred_username":"","orgs":[{"preferred_username":"","roleInOrg":"admin"}]}`, http.StatusBadGateway},
		"an answer that is no JSON":  {`<html>`, http.StatusBadGateway},
		"an answer without a member": {`{}`, http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := provider(t, c.userInfo)
			v := newVisitor(t, nil, func(o *dashboard.Options) {
				o.SignIn = dashboard.SignIn{
					Provider: p.URL, ClientID: "client", ClientSecret: "hush", Users: []string{"ada"}, Orgs: []string{"acme"}, Owner: "lab",
				}
			}, nil)
			resp, _ := v.send("GET", "/login/huggingface?to=%2Frules%3Ftext%3Da", nil)
			at, err := url.Parse(resp.Header.Get("Location"))
			if err != nil || !strings.HasPrefix(at.String(), p.URL+"/oauth/authorize?") {
				t.Fatalf("sign-in leads to %q", resp.Header.Get("Location"))
			}
			q := at.Query()
			if q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != v.site.URL+"/login/callback" {
				t.Errorf("the request is %v", q)
			}
			back := "/login/callback?code=good&state=" + q.Get("state")
			resp, body := v.send("GET", back, nil)
			if resp.StatusCode != c.status {
				t.Errorf("%d, want %d: %.500s", resp.StatusCode, c.status, body)
			}
			if c.status == http.StatusSeeOther && resp.Header.Get("Location") != "/rules?text=a" {
				t.Errorf("it leads to %q", resp.Header.Get("Location"))
			}
			in := http.StatusUnauthorized
			if c.status == http.StatusSeeOther {
				in = http.StatusOK
			}
			v.want(in, "GET", "/rules", nil)
			v.want(http.StatusBadRequest, "GET", back, nil) // the way back is good once
		})
	}
}

func TestSignInBegunElsewhere(t *testing.T) {
	t.Parallel()
	p := provider(t, `{"sub":"1","preferred_username":"ada"}`)
	with := func(o *dashboard.Options) {
		o.SignIn = dashboard.SignIn{Provider: p.URL, ClientID: "client", ClientSecret: "hush", Users: []string{"ada"}}
	}
	v := newVisitor(t, nil, with, nil)
	v.want(http.StatusBadRequest, "GET", "/login/callback?code=good&state=x", nil) // no cookie
	v.send("GET", "/login/huggingface", nil)
	v.want(http.StatusBadRequest, "GET", "/login/callback?code=good&state=x", nil) // another's state
	v.send("GET", "/login/huggingface", nil)
	v.want(http.StatusBadRequest, "GET", "/login/callback?code=good", nil)
	v.want(http.StatusUnauthorized, "GET", "/rules", nil)
}

// A provider that names endpoints elsewhere would get the client's secret sent there.
func TestSignInEndpointsElsewhere(t *testing.T) {
	t.Parallel()
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"authorization_endpoint":"https://evil.example/a","token_endpoint":"https://evil.example/t","userinfo_endpoint":"https://evil.example/u"}`)
	}))
	t.Cleanup(evil.Close)
	v := newVisitor(t, nil, func(o *dashboard.Options) {
		o.SignIn = dashboard.SignIn{Provider: evil.URL, ClientID: "client", Users: []string{"ada"}}
	}, nil)
	if body := v.want(http.StatusBadGateway, "GET", "/login/huggingface", nil); strings.Contains(body, "evil.example") {
		t.Error("the page repeats what the provider said")
	}
}

// A visitor learns nothing of private repositories, nor of the names and conditions in rules.
func TestVisitorSeesNothingPrivate(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, theDay(t), func(o *dashboard.Options) { o.PublicHost = "acme-lab-bot.hf.space" }, func(s *sample) {
		s.add(event{at: noon, scope: "discussion", act: "create", kind: "model", repo: "acme-lab/went-private", title: "x"})
		s.add(event{at: noon, scope: "discussion", act: "create", kind: "model", repo: "acme-lab/went-private", title: "x", private: true})
	})
	body := v.want(http.StatusOK, "GET", "/", nil)
	for _, secret := range []string{"internal-demo", "went-private", "train-*", "files.exists", "auto-safetensors", "<form", "/deliveries"} {
		if strings.Contains(body, secret) {
			t.Errorf("a visitor reads %q", secret)
		}
	}
	if !strings.Contains(body, "acme-lab/tiny-llama") {
		t.Error("a visitor does not see what is public")
	}
	for _, path := range []string{"/deliveries", "/runs", "/rules", "/actions", "/audit", "/rules/try", "/nowhere"} {
		v.want(http.StatusUnauthorized, "GET", path, nil)
		v.want(http.StatusUnauthorized, "GET", path, nil, "Accept: text/event-stream")
	}
}
