package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub"
)

func init() { actions.Register(llmChat{}) }

// hubRouter is the Hub's own OpenAI-compatible endpoint (https://huggingface.co/docs/inference-providers/index).
const hubRouter = "https://router.huggingface.co/v1"

// llmChat asks a language model.
type llmChat struct{}

// chatIn is the inputs of llm.chat.
type chatIn struct {
	Model       string        `json:"model" required:"true" doc:"model to ask, such as openai/gpt-oss-20b"`
	System      string        `json:"system" doc:"what the model is told first; the place for all instructions"`
	Prompt      string        `json:"prompt" required:"true" doc:"the question"`
	Thread      bool          `json:"thread" doc:"give the model the discussion so far, the newest comments first to stay"`
	MaxComments int           `json:"max_comments" default:"20" doc:"most comments of the discussion that are given"`
	MaxChars    int           `json:"max_chars" default:"4000" doc:"most characters of the prompt and of each comment"`
	MaxTokens   int           `json:"max_tokens" default:"800" doc:"most tokens of the answer"`
	Temperature float64       `json:"temperature" default:"0.2" doc:"0 for always the likeliest words"`
	User        string        `json:"user" doc:"id of who is answered, for the cap; the event's author by default"`
	MaxPerUser  int           `json:"max_per_user" default:"20" doc:"most answers to one user; 0: any number"`
	Per         time.Duration `json:"per" default:"1h" doc:"the time that max_per_user is about"`
	BaseURL     string        `json:"base_url" default:"https://router.huggingface.co/v1" doc:"OpenAI-compatible endpoint"`
	thread
}

// chatOut is the outputs of llm.chat.
type chatOut struct {
	Text         string `json:"text" doc:"the answer, without mentions that notify; empty when skipped"`
	Skipped      string `json:"skipped" doc:"why the model was not asked; empty when it was"`
	Model        string `json:"model" doc:"the model that answered"`
	FinishReason string `json:"finish_reason" doc:"stop, or length when max_tokens cut the answer"`
	TokensIn     int    `json:"tokens_in" doc:"tokens of the question"`
	TokensOut    int    `json:"tokens_out" doc:"tokens of the answer"`
}

// Bounds of an answer.
const (
	maxChatAnswer = 1 << 20 // bytes on the wire
	maxChatText   = 16_000  // characters
)

// Validate implements actions.Validator.
func (in *chatIn) Validate() error {
	switch {
	case in.MaxComments < 0 || in.MaxComments > 200:
		return fmt.Errorf("max_comments must be 0 to 200, got %d", in.MaxComments)
	case in.MaxChars < 1 || in.MaxTokens < 1 || in.MaxPerUser < 0 || in.Per <= 0:
		return fmt.Errorf("max_chars, max_tokens, max_per_user and per must be positive")
	}
	return checkWebURL(in.BaseURL)
}

// Spec implements actions.Action.
func (llmChat) Spec() actions.Spec {
	return actions.Spec{
		ID:      "llm.chat",
		Summary: "Ask a language model.",
		Description: "Any OpenAI-compatible endpoint; by default the Hub's router, with the bot's own token. What strangers " +
			"wrote goes to the model cut to `max_chars` and as what a user said, never as an instruction; a model may obey it " +
			"all the same, so give its answer to people, not to other steps that act on it. The answer notifies nobody and " +
			"hides nothing. The cap of a user is counted over all rules, restarts and instances of the bot.",
		Effect:     actions.External,
		Idempotent: true,
		Timeout:    2 * time.Minute,
		Secrets: []actions.SecretSpec{{
			Name: "token", Doc: "token of the endpoint; the bot's own by default, at the Hub's router only",
		}},
		Example: "uses: llm.chat\nid: answer\nwith:\n  model: openai/gpt-oss-20b\n" +
			"  system: You answer questions about this model, briefly. You promise nothing.\n" +
			"  prompt: ${{ comment.content }}\n  thread: true",
	}
}

// Run implements actions.Action.
func (llmChat) Run(ctx context.Context, rt *actions.Runtime, in chatIn) (chatOut, error) {
	messages, err := in.messages(ctx, rt)
	if err != nil {
		return chatOut{}, err
	}
	if rt.DryRun { // with a text, so that a comment with it is tried too
		return chatOut{Text: "(In a dry run the model is not asked.)", Model: in.Model}, nil
	}
	if user := in.user(rt); in.MaxPerUser > 0 && user != "" {
		if ok, err := rt.Take(ctx, user, in.MaxPerUser, in.Per); err != nil {
			return chatOut{}, fmt.Errorf("count the answers of a user: %w", err)
		} else if !ok {
			return chatOut{Skipped: fmt.Sprintf("this user had %d answers within %s", in.MaxPerUser, in.Per)}, nil
		}
	}
	body, err := json.Marshal(map[string]any{
		"model": in.Model, "messages": messages, "max_tokens": in.MaxTokens, "temperature": in.Temperature,
	})
	if err != nil {
		return chatOut{}, actions.Permanent(err)
	}
	return in.ask(ctx, rt, body)
}

// user is who is answered.
func (in chatIn) user(rt *actions.Runtime) string {
	switch {
	case in.User != "":
		return in.User
	case rt.Event != nil && rt.Event.Comment != nil:
		return rt.Event.Comment.Author.ID
	case rt.Event != nil && rt.Event.Discussion != nil:
		return rt.Event.Discussion.Author.ID
	}
	return ""
}

// chatMessage is one message of a conversation.
type chatMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// messages is the conversation that the model is given.
func (in chatIn) messages(ctx context.Context, rt *actions.Runtime) ([]chatMessage, error) {
	var messages []chatMessage
	if in.System != "" {
		messages = append(messages, chatMessage{"system", in.System})
	}
	if in.Thread {
		_, d, err := in.read(ctx, rt)
		if err != nil {
			return nil, err
		}
		me, err := ownAccount(ctx, rt)
		if err != nil {
			return nil, err
		}
		messages = append(messages, in.conversation(d, me)...)
	}
	return append(messages, chatMessage{"user", cutRunes(in.Prompt, in.MaxChars)}), nil
}

// conversation is what was said in a discussion.
func (in chatIn) conversation(d *hub.Discussion, me account) []chatMessage {
	var said []chatMessage
	for _, e := range d.Events {
		text := cutRunes(visible(e.Content), in.MaxChars)
		switch {
		case e.Type != "comment" || e.Hidden || text == "" || text == strings.TrimSpace(in.Prompt):
		case me.wrote(e):
			said = append(said, chatMessage{"assistant", text})
		default:
			said = append(said, chatMessage{"user", cutRunes(e.Author, 100) + " wrote: " + text})
		}
	}
	said = said[max(0, len(said)-in.MaxComments):]
	return append([]chatMessage{{"user", "The discussion is titled: " + cutRunes(d.Title, maxTitle)}}, said...)
}

// ask calls the endpoint.
func (in chatIn) ask(ctx context.Context, rt *actions.Runtime, body []byte) (chatOut, error) {
	address := strings.TrimSuffix(in.BaseURL, "/") + "/chat/completions"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return chatOut{}, actions.Permanent(err)
	}
	req.Header.Set("Content-Type", "application/json")
	token := rt.Secret("token")
	if token == "" && in.BaseURL == hubRouter {
		token = rt.Hub.Token()
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	resp, err := withoutRedirects(rt.HTTP).Do(req)
	if err != nil {
		return chatOut{}, fmt.Errorf("ask %s: %w", req.URL.Host, err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxChatAnswer))
	if err != nil {
		return chatOut{}, fmt.Errorf("read the answer of %s: %w", req.URL.Host, err)
	}
	if resp.StatusCode != http.StatusOK {
		err := refusal(resp, content)
		if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
			err = fmt.Errorf("%w: the token is wrong or lacks the right to call Inference Providers", err)
		}
		return chatOut{}, err
	}
	return chatAnswer(req.URL.Host, content)
}

// chatAnswer decodes an answer.
func chatAnswer(host string, content []byte) (chatOut, error) {
	var answer struct {
		Model   string `json:"model"`
		Choices []struct {
			FinishReason string `json:"finish_reason"`
			Message      struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
		Usage struct {
			In  int `json:"prompt_tokens"`
			Out int `json:"completion_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return chatOut{}, fmt.Errorf("%s gave an answer that is no chat completion: %w", host, err)
	}
	if len(answer.Choices) == 0 || strings.TrimSpace(answer.Choices[0].Message.Content) == "" {
		return chatOut{}, fmt.Errorf("%s gave an answer without a text", host)
	}
	return chatOut{
		Text:  defuse(cutRunes(visible(plainText(answer.Choices[0].Message.Content)), maxChatText)),
		Model: answer.Model, FinishReason: answer.Choices[0].FinishReason,
		TokensIn: answer.Usage.In, TokensOut: answer.Usage.Out,
	}, nil
}
