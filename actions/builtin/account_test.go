package builtin

import (
	"testing"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/actions/actionstest"
	"github.com/hfbot/hfbot/hub"
)

func TestOwnAccount(t *testing.T) {
	t.Parallel()
	h := actionstest.New(t)
	who, err := h.Bot.WhoAmI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		rt   actions.Runtime
		want account
	}{
		{"told", actions.Runtime{BotID: "1", BotName: "told", Hub: h.Bot}, account{"1", "told"}},
		{"asked", actions.Runtime{Hub: h.Bot}, account{who.ID, actionstest.BotName}},
	}
	for _, test := range tests {
		got, err := ownAccount(t.Context(), &test.rt)
		if err != nil || got != test.want {
			t.Errorf("%s: %v, %v, want %v", test.name, got, err, test.want)
		}
	}
}

func TestAccountWrote(t *testing.T) {
	t.Parallel()
	me := account{id: "1", name: "hfbot"}
	tests := []struct {
		event hub.DiscussionEvent
		want  bool
	}{
		{hub.DiscussionEvent{AuthorID: "1", Author: "hfbot"}, true},
		{hub.DiscussionEvent{AuthorID: "1", Author: "renamed"}, true},
		{hub.DiscussionEvent{AuthorID: "2", Author: "hfbot"}, false},
		{hub.DiscussionEvent{Author: "hfbot"}, true},
		{hub.DiscussionEvent{Author: "other"}, false},
		{hub.DiscussionEvent{}, false},
	}
	for _, test := range tests {
		if got := me.wrote(test.event); got != test.want {
			t.Errorf("wrote %+v: %v, want %v", test.event, got, test.want)
		}
	}
}
