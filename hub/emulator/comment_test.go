package emulator

import (
	"strings"
	"testing"
)

func TestCommentEditAndHide(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	base := l.makeRepo("model", "tiny", "") + "/discussions"
	l.call("ann", "POST", base, `{"title":"first","description":"text"}`, 200)
	made := l.call("bob", "POST", base+"/1/comment", `{"comment":"helo"}`, 201)
	if made.field("newMessage", "data", "latest", "raw") != "helo" || made.field("newMessage", "type") != "comment" {
		t.Errorf("new comment: %v", made.body)
	}
	path := base + "/1/comment/" + made.field("newMessage", "id").(string)

	l.call("ann", "POST", path+"/edit", `{"content":"mine now"}`, 403)
	l.call("bob", "POST", path+"/edit", `{"content":""}`, 400)
	l.call("bob", "POST", base+"/1/comment/"+strings.Repeat("0", 24)+"/edit", `{"content":"hello"}`, 404)
	edited := l.call("bob", "POST", path+"/edit", `{"content":"hello"}`, 200)
	data := edited.field("updatedComment", "data").(map[string]any)
	text := edited.field("updatedComment", "data", "latest", "raw")
	if edited.field("updatedComment", "data", "history", 0, "raw") != "helo" || len(data["history"].([]any)) != 1 {
		t.Errorf("history: %v", data["history"])
	}
	if data["edited"] != true || data["numEdits"] != 1.0 || text != "hello" {
		t.Errorf("edited comment: %v", data)
	}

	first := l.call("bob", "GET", base+"/1", "", 200).field("events", 0, "id").(string)
	l.call("bob", "POST", base+"/1/comment/"+first+"/hide", "", 403)
	hidden := l.call("ann", "POST", path+"/hide", "", 200)
	data = hidden.field("updatedComment", "data").(map[string]any)
	if data["hidden"] != true || data["hiddenBy"] != "ann" {
		t.Errorf("hidden comment: %v", data)
	}
	l.call("bob", "POST", path+"/edit", `{"content":"back"}`, 400)
	got := l.call("bob", "GET", base+"/1", "", 200)
	if raw := got.field("events", 1, "data", "latest", "raw"); raw != hiddenText {
		t.Errorf("a hidden comment says %q", raw)
	}
}

func TestCommentIDsAreFoundInAnyCase(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	base := l.makeRepo("model", "tiny", "") + "/discussions"
	l.call("bob", "POST", base, `{"title":"first","description":"text"}`, 200)
	id := l.call("bob", "GET", base+"/1", "", 200).field("events", 0, "id").(string)
	l.call("bob", "POST", base+"/1/comment/"+strings.ToUpper(id)+"/hide", "", 200)
}
