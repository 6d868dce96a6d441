package emulator

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const callback = "http://127.0.0.1:9/callback"

// startSignIn is a local Hub with an OAuth app that has a secret and one that has none.
func startSignIn(t *testing.T) local {
	return startLocal(t, Options{
		Orgs: []Org{{Name: "acme", Members: map[string]string{"ann": "admin", "bob": "read"}}},
		OAuthApps: []OAuthApp{
			{ID: "app", Secret: "shh", RedirectURIs: []string{callback}}, {ID: "public", Name: "A public app"},
		},
	})
}

// form posts a form without following redirects.
func (l local) form(path string, fields url.Values, basic ...string) (*http.Response, string) {
	l.t.Helper()
	req, err := http.NewRequest(http.MethodPost, l.URL()+path, strings.NewReader(fields.Encode()))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(basic) == 2 {
		req.SetBasicAuth(basic[0], basic[1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return resp, string(body)
}

// consent signs ann in and returns the query that the app gets back.
func (l local) consent(fields url.Values) url.Values {
	l.t.Helper()
	resp, body := l.form("/oauth/authorize", fields)
	if resp.StatusCode != http.StatusFound {
		l.t.Fatalf("authorize answered %d: %s", resp.StatusCode, body)
	}
	target, err := resp.Location()
	if err != nil {
		l.t.Fatal(err)
	}
	if got := target.Scheme + "://" + target.Host + target.Path; got != callback {
		l.t.Fatalf("sent to %s", got)
	}
	return target.Query()
}

// tokens asks for a token and wants the status.
func (l local) tokens(want int, fields url.Values, basic ...string) map[string]any {
	l.t.Helper()
	resp, body := l.form("/oauth/token", fields, basic...)
	if resp.StatusCode != want {
		l.t.Fatalf("token: status %d, want %d: %s", resp.StatusCode, want, body)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		l.t.Fatal(err)
	}
	return answer
}

// asBearer makes a call with a token.
func (l local) asBearer(token, method, path, body string) (int, map[string]any) {
	l.t.Helper()
	req, err := http.NewRequest(method, l.URL()+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer map[string]any
	_ = json.NewDecoder(resp.Body).Decode(&answer) // lists and texts are not looked at
	return resp.StatusCode, answer
}

func authorizeForm(app, scope string) url.Values {
	return url.Values{
		"client_id": {app}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {scope}, "state": {"s1"},
		"nonce": {"n1"}, "username": {"ann"},
	}
}

func TestSignInWithSecret(t *testing.T) {
	t.Parallel()
	l := startSignIn(t)
	back := l.consent(authorizeForm("app", "openid profile email unknown-scope"))
	if back.Get("state") != "s1" || back.Get("code") == "" {
		t.Fatalf("the app got %v", back)
	}
	redeem := url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback}}
	l.tokens(401, redeem, "app", "wrong")
	answer := l.tokens(200, redeem, "app", "shh")
	if answer["scope"] != "email openid profile" || answer["token_type"] != "bearer" || answer["expires_in"] != 28800.0 {
		t.Errorf("token answer: %v", answer)
	}
	l.checkIDToken(answer["id_token"].(string))
	status, info := l.asBearer(answer["access_token"].(string), "GET", "/oauth/userinfo", "")
	if status != 200 || info["preferred_username"] != "ann" || info["email_verified"] != true {
		t.Errorf("userinfo: %d %v", status, info)
	}
	if orgs := info["orgs"].([]any); len(orgs) != 1 || orgs[0].(map[string]any)["roleInOrg"] != "admin" {
		t.Errorf("orgs: %v", info["orgs"])
	}
	if again := l.tokens(400, redeem, "app", "shh"); again["error"] != "invalid_grant" {
		t.Errorf("a code was good twice: %v", again)
	}
	refreshed := l.tokens(200, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {answer["refresh_token"].(string)},
		"client_id": {"app"}, "client_secret": {"shh"},
	})
	if refreshed["access_token"] == answer["access_token"] {
		t.Error("the refresh token gave the old access token")
	}
	if status, _ := l.asBearer("hf_ann", "GET", "/oauth/userinfo", ""); status != 403 {
		t.Errorf("an access token was good for userinfo: %d", status)
	}
}

// checkIDToken verifies the signature by the published key, and the claims that apps rely on.
func (l local) checkIDToken(token string) {
	l.t.Helper()
	keys := l.call("", "GET", "/oauth/jwks", "", 200)
	decode := func(text string) []byte {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			l.t.Fatal(err)
		}
		return raw
	}
	key := &rsa.PublicKey{
		N: new(big.Int).SetBytes(decode(keys.field("keys", 0, "n").(string))),
		E: int(new(big.Int).SetBytes(decode(keys.field("keys", 0, "e").(string))).Int64()),
	}
	parts := strings.Split(token, ".")
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, hash[:], decode(parts[2])); err != nil {
		l.t.Errorf("the ID token is not signed by the published key: %v", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(decode(parts[1]), &claims); err != nil {
		l.t.Fatal(err)
	}
	if claims["iss"] != l.URL() || claims["aud"] != "app" || claims["nonce"] != "n1" || claims["preferred_username"] != "ann" {
		l.t.Errorf("claims: %v", claims)
	}
}

func TestSignInWithPKCE(t *testing.T) {
	t.Parallel()
	l := startSignIn(t)
	hash := sha256.Sum256([]byte("a-long-verifier"))
	form := authorizeForm("public", "openid")
	form.Set("code_challenge", base64.RawURLEncoding.EncodeToString(hash[:]))
	form.Set("code_challenge_method", "S256")
	for _, test := range []struct {
		verifier string
		want     int
	}{{"a-long-verifier", 200}, {"another", 400}, {"", 400}} {
		code := l.consent(form).Get("code")
		l.tokens(test.want, url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "client_id": {"public"},
			"code_verifier": {test.verifier},
		})
	}
	plain := l.consent(authorizeForm("public", "openid"))
	l.tokens(400, url.Values{
		"grant_type": {"authorization_code"}, "code": {plain.Get("code")}, "redirect_uri": {callback}, "client_id": {"public"},
	})
}

func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	l := startSignIn(t)
	for name, change := range map[string]func(url.Values){
		"unknown app":           func(f url.Values) { f.Set("client_id", "nobody") },
		"foreign address":       func(f url.Values) { f.Set("redirect_uri", "https://evil.example/") },
		"another loopback page": func(f url.Values) { f.Set("redirect_uri", callback+"2") },
		"unknown user":          func(f url.Values) { f.Set("username", "zoe") },
		"an organisation":       func(f url.Values) { f.Set("username", "acme") },
	} {
		form := authorizeForm("app", "openid")
		change(form)
		if resp, body := l.form("/oauth/authorize", form); resp.StatusCode < 400 || resp.Header.Get("Location") != "" {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
	denied := authorizeForm("app", "openid")
	denied.Set("deny", "1")
	if back := l.consent(denied); back.Get("error") != "access_denied" || back.Get("code") != "" {
		t.Errorf("denied: %v", back)
	}
}

func TestConsentPageEscapes(t *testing.T) {
	t.Parallel()
	l := startSignIn(t)
	query := authorizeForm("public", "openid profile")
	query.Set("state", `"><script>alert(1)</script>`)
	resp, err := http.Get(l.URL() + "/oauth/authorize?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<script") || !strings.Contains(string(page), "Continue as bob") ||
		!strings.Contains(string(page), "A public app") {
		t.Errorf("page: %s", page)
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
}

func TestTokenOfAnAppKeepsToItsScopes(t *testing.T) {
	t.Parallel()
	l := startSignIn(t)
	repo := l.makeRepo("model", "secret", `,"private":true`)
	token := func(scope string) string {
		code := l.consent(authorizeForm("app", scope)).Get("code")
		return l.tokens(200, url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
		}, "app", "shh")["access_token"].(string)
	}
	const create, talk = `{"name":"made"}`, `{"title":"A title","description":"text"}`
	for _, test := range []struct {
		scope, method, path, body string
		want                      int
	}{
		{"openid", "GET", repo, "", 404},
		{"read-repos", "GET", repo, "", 200},
		{"read-repos", "POST", repo + "/discussions", talk, 403},
		{"read-repos write-discussions", "POST", repo + "/discussions", talk, 200},
		{"write-repos", "POST", "/api/repos/create", create, 403},
		{"manage-repos", "POST", "/api/repos/create", create, 200},
		{"manage-repos", "GET", "/api/settings/webhooks", "", 403},
		{"webhooks", "GET", "/api/settings/webhooks", "", 200},
	} {
		if got, answer := l.asBearer(token(test.scope), test.method, test.path, test.body); got != test.want {
			t.Errorf("scope %q: %s %s: status %d, want %d: %v", test.scope, test.method, test.path, got, test.want, answer)
		}
	}
}

func TestRegisterAppAndDevice(t *testing.T) {
	t.Parallel()
	l := startSignIn(t)
	app := l.call("", "POST", "/oauth/register", `{"client_name":"cli","token_endpoint_auth_method":"none"}`, 201)
	id := app.field("client_id").(string)
	resp, body := l.form("/oauth/device", url.Values{"client_id": {id}, "scope": {"openid"}})
	var device map[string]any
	if err := json.Unmarshal([]byte(body), &device); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("device: %d %s", resp.StatusCode, body)
	}
	poll := url.Values{"grant_type": {deviceGrantType}, "device_code": {device["device_code"].(string)}, "client_id": {id}}
	if early := l.tokens(400, poll); early["error"] != "authorization_pending" {
		t.Errorf("before the user confirmed: %v", early)
	}
	confirm := url.Values{"user_code": {device["user_code"].(string)}, "username": {"bob"}}
	if resp, body := l.form("/oauth/device/confirm", confirm); resp.StatusCode != http.StatusOK {
		t.Fatalf("confirm: %d %s", resp.StatusCode, body)
	}
	token := l.tokens(200, poll)["access_token"].(string)
	if _, who := l.asBearer(token, "GET", "/api/whoami-v2", ""); who["name"] != "bob" {
		t.Errorf("whoami: %v", who)
	}
	l.tokens(400, poll)
}

func TestOpenIDConfiguration(t *testing.T) {
	t.Parallel()
	l := startSignIn(t)
	told := l.call("", "GET", "/.well-known/openid-configuration", "", 200)
	for field, path := range map[string]string{
		"issuer": "", "authorization_endpoint": "/oauth/authorize", "token_endpoint": "/oauth/token",
		"userinfo_endpoint": "/oauth/userinfo", "jwks_uri": "/oauth/jwks",
	} {
		if told.field(field) != l.URL()+path {
			t.Errorf("%s is %v", field, told.field(field))
		}
	}
}

func TestSignInOutlivesTheServer(t *testing.T) {
	t.Parallel()
	opts := Options{Data: t.TempDir(), OAuthApps: []OAuthApp{{ID: "app", Secret: "shh", RedirectURIs: []string{callback}}}}
	l := startLocal(t, opts)
	back := l.consent(authorizeForm("app", "openid profile"))
	answer := l.tokens(200, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback},
	}, "app", "shh")
	own := l.call("", "POST", "/oauth/register", `{"client_name":"cli","token_endpoint_auth_method":"none"}`, 201)
	_, keys := l.read("", "/oauth/jwks")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again := startLocal(t, opts)
	if _, who := again.asBearer(answer["access_token"].(string), "GET", "/api/whoami-v2", ""); who["name"] != "ann" {
		t.Errorf("whoami: %v", who)
	}
	if _, now := again.read("", "/oauth/jwks"); now != keys {
		t.Errorf("the key of ID tokens is another: %s, %s", keys, now)
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {answer["refresh_token"].(string)}}
	again.tokens(200, refresh, "app", "shh")
	again.tokens(400, refresh, "app", "shh")
	resp, body := again.form("/oauth/device", url.Values{"client_id": {own.field("client_id").(string)}})
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the app that registered itself is gone: %s", body)
	}
	text, err := os.ReadFile(filepath.Join(opts.Data, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{answer["access_token"].(string), answer["refresh_token"].(string)} {
		if strings.Contains(string(text), secret) {
			t.Error("the data folder has a token in it")
		}
	}
}
