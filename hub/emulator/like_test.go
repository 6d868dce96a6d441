package emulator

import "testing"

func TestLikes(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	model := l.makeRepo("model", "m", "")
	hidden := l.makeRepo("dataset", "d", `,"private":true`)
	l.call("", "POST", model+"/like", "", 401)
	l.call("bob", "POST", model+"/like", "", 200)
	l.call("bob", "POST", model+"/like", "", 200)
	l.call("ann", "POST", hidden+"/like", "", 200)
	if info := l.call("", "GET", model, "", 200); info.field("likes") != 1.0 {
		t.Errorf("likes: %v", info.field("likes"))
	}
	if likers := l.call("", "GET", model+"/likers", "", 200).body.([]any); len(likers) != 1 ||
		likers[0].(map[string]any)["user"] != "bob" {
		t.Errorf("likers: %v", likers)
	}
	if liked := l.call("", "GET", "/api/users/bob/likes", "", 200); liked.field(0, "repo", "name") != "ann/m" {
		t.Errorf("liked: %v", liked.body)
	}
	for viewer, want := range map[string]int{"ann": 1, "bob": 0} { // a like of a private repository is private
		if got := l.call(viewer, "GET", "/api/users/ann/likes", "", 200).body.([]any); len(got) != want {
			t.Errorf("%s sees %v", viewer, got)
		}
	}
	l.call("bob", "DELETE", model+"/like", "", 200)
	if info := l.call("", "GET", model, "", 200); info.field("likes") != 0.0 {
		t.Errorf("likes: %v", info.field("likes"))
	}
}
