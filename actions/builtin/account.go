package builtin

import (
	"context"
	"fmt"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

// account is the bot's own account, by which it recognises what it wrote before.
type account struct{ id, name string }

// ownAccount is the account of the runtime, else that of the token.
func ownAccount(ctx context.Context, rt *actions.Runtime) (account, error) {
	me := account{rt.BotID, rt.BotName}
	if me.id != "" && me.name != "" {
		return me, nil
	}
	who, err := rt.Hub.WhoAmI(ctx)
	if err != nil {
		return me, fmt.Errorf("find the bot's own account: %w", err)
	}
	return account{who.ID, who.Name}, nil
}

// wrote tells whether the account wrote an event of a discussion. The Hub gives events the author's name; the id is
// compared where it is known, because names change hands.
func (a account) wrote(e hub.DiscussionEvent) bool {
	if e.AuthorID != "" {
		return e.AuthorID == a.id
	}
	return e.Author == a.name
}
