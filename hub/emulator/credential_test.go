package emulator

import (
	"testing"
	"time"
)

func TestTokenRoles(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{Tokens: []Token{
		{User: "ann", Token: "hf_reader", Role: "read"},
		{User: "ann", Token: "hf_talker", Role: "fineGrained", Scopes: []string{"write-discussions"}},
		{User: "ann", Token: "hf_old", Role: "write", Expires: time.Now().Add(-time.Minute)},
	}})
	repo := l.makeRepo("model", "m", `,"private":true`)
	const talk = `{"title":"A title","description":"text"}`
	for _, test := range []struct {
		user, method, path, body string
		want                     int
	}{
		{"reader", "GET", repo, "", 200},
		{"reader", "GET", repo + "/auth-check/write", "", 403},
		{"reader", "POST", repo + "/discussions", talk, 403},
		{"reader", "POST", "/api/repos/create", `{"name":"other"}`, 403},
		{"reader", "GET", "/ann/m.git/info/refs?service=git-receive-pack", "", 403},
		{"talker", "GET", repo, "", 404},
		{"old", "GET", "/api/whoami-v2", "", 401},
	} {
		l.call(test.user, test.method, test.path, test.body, test.want)
	}
	who := l.call("talker", "GET", "/api/whoami-v2", "", 200)
	if who.field("auth", "accessToken", "role") != "fineGrained" ||
		who.field("auth", "accessToken", "fineGrained", "scoped", 0, "permissions", 0) != "discussion.write" {
		t.Errorf("whoami: %v", who.body)
	}
}

func TestExpiredTokenFault(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{Faults: Faults{ExpiredTokens: 1}})
	got := l.call("ann", "GET", "/api/whoami-v2", "", 401)
	if got.header.Get("X-Error-Message") != "Invalid credentials in Authorization header" {
		t.Errorf("header %v", got.header)
	}
	l.call("ann", "GET", "/api/whoami-v2", "", 200)
}
