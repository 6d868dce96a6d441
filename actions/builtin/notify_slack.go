package builtin

import (
	"context"
	"regexp"
	"strings"

	"github.com/hfbot/hfbot/actions"
)

func init() { actions.Register(notifySlack{}) }

// notifySlack writes to a Slack channel.
type notifySlack struct{}

// slackIn is the inputs of notify.slack.
type slackIn struct {
	Text   string `json:"text" required:"true" doc:"the message; *bold*, _italic_ and bare addresses work, mentions do not"`
	Link   string `json:"link" doc:"address shown below the text"`
	Blocks []any  `json:"blocks" doc:"Block Kit blocks, mentions in them defused; text is then the summary in notifications"`
	Notify string `json:"notify" enum:"none,here,channel" default:"none" doc:"who is notified: nobody, those who are here, or all"`
}

// maxSlack is where Slack cuts a text, in characters (https://docs.slack.dev/changelog/2018-truncating-really-long-messages).
const maxSlack = 40_000

// slackEscape makes text that Slack shows as it is, so that no stranger's title mentions a channel
// (https://docs.slack.dev/messaging/formatting-message-text#escaping).
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackMention begins what notifies people (https://docs.slack.dev/messaging/formatting-message-text#mentioning-users).
var slackMention = regexp.MustCompile(`<(!here|!channel|!everyone|!subteam|@)`)

// withoutSlackMentions is a value of blocks in which no text notifies anybody: a stranger's title may be part of it.
func withoutSlackMentions(value any) any {
	switch v := value.(type) {
	case string:
		return slackMention.ReplaceAllString(v, "&lt;$1")
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = withoutSlackMentions(v[i])
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for key := range v {
			object[key] = withoutSlackMentions(v[key])
		}
		return object
	}
	return value
}

// Spec implements actions.Action.
func (notifySlack) Spec() actions.Spec {
	return actions.Spec{
		ID:      "notify.slack",
		Summary: "Write to a Slack channel.",
		Description: "Posts to an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). " +
			"`<`, `>` and `&` of the text are escaped, so what strangers wrote mentions nobody; `notify` does. Slack cannot tell a " +
			"message from its repetition: a failed call is repeated only when nothing was sent or Slack asks for it.",
		Effect: actions.External,
		Secrets: []actions.SecretSpec{{
			Name: "webhook_url", Required: true, Doc: "address of the incoming webhook",
		}},
		Example: "uses: notify.slack\nwith:\n  text: \"New discussion in *${{ repo.name }}*: ${{ discussion.title }}\"\n" +
			"  link: ${{ discussion.url.web }}\nsecrets: {webhook_url: SLACK_WEBHOOK_URL}",
	}
}

// Run implements actions.Action.
func (notifySlack) Run(ctx context.Context, rt *actions.Runtime, in slackIn) (notifyOut, error) {
	text := slackEscape.Replace(plainText(in.Text))
	if in.Link != "" {
		text += "\n" + slackEscape.Replace(plainText(in.Link))
	}
	message := map[string]any{"text": cutRunes(text, maxSlack)}
	if in.Notify != "none" {
		message["text"] = "<!" + in.Notify + "> " + cutRunes(text, maxSlack-len("<!channel> "))
	}
	if len(in.Blocks) > 0 {
		message["blocks"] = withoutSlackMentions(in.Blocks)
	}
	return notify(ctx, rt, "Slack", text, message)
}

// cutRunes cuts text to a number of characters.
func cutRunes(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
