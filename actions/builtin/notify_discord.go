package builtin

import (
	"context"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(notifyDiscord{}) }

// notifyDiscord writes to a Discord channel.
type notifyDiscord struct{}

// discordIn is the inputs of notify.discord.
type discordIn struct {
	Text     string `json:"text" required:"true" doc:"the message, in Discord's Markdown, cut at 2,000 characters"`
	Link     string `json:"link" doc:"address shown below the text"`
	Username string `json:"username" doc:"name to write under"`
	Embeds   []any  `json:"embeds" doc:"embeds, sent as they are"`
}

// maxDiscord is the most characters of a message (https://docs.discord.com/developers/resources/webhook#execute-webhook).
const maxDiscord = 2000

// Spec implements actions.Action.
func (notifyDiscord) Spec() actions.Spec {
	return actions.Spec{
		ID:      "notify.discord",
		Summary: "Write to a Discord channel.",
		Description: "Posts to a channel's webhook (https://docs.discord.com/developers/resources/webhook#execute-webhook). " +
			"No mention in the text notifies anybody. A failed call is repeated only when nothing was sent or Discord asks " +
			"for it.",
		Effect: actions.External,
		Secrets: []actions.SecretSpec{{
			Name: "webhook_url", Required: true, Doc: "address of the channel's webhook",
		}},
		Example: "uses: notify.discord\nwith:\n  text: \"**${{ repo.name }}** has a new commit\"\n  link: ${{ repo.url.web }}\n" +
			"secrets: {webhook_url: DISCORD_WEBHOOK_URL}",
	}
}

// Run implements actions.Action.
func (notifyDiscord) Run(ctx context.Context, rt *actions.Runtime, in discordIn) (notifyOut, error) {
	text, link := plainText(in.Text), ""
	if in.Link != "" {
		link = "\n" + plainText(in.Link)
	}
	message := map[string]any{
		"content":          cutRunes(cutRunes(text, max(maxDiscord-len([]rune(link)), 1))+link, maxDiscord),
		"allowed_mentions": map[string]any{"parse": []string{}},
	}
	if in.Username != "" {
		message["username"] = cutRunes(plainText(in.Username), 80)
	}
	if len(in.Embeds) > 0 {
		message["embeds"] = in.Embeds
	}
	return notify(ctx, rt, "Discord", text, message)
}
