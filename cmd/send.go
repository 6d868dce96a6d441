package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/hub"
)

// hubTimeout is how long the Hub waits for the answer to a delivery, so `hfbot send` waits no longer.
const hubTimeout = 30 * time.Second

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// sendOptions are the arguments and flags of `hfbot send`.
type sendOptions struct {
	file   string
	url    string
	secret string
	id     string
	format format
	in     io.Reader
	out    io.Writer
}

// sent is the JSON of `hfbot send`.
type sent struct {
	Status    int             `json:"status"`
	WebhookID string          `json:"webhook_id"`
	Answer    json.RawMessage `json:"answer,omitempty"` // as the receiver gave it, when it is JSON
}

func newSend() *cobra.Command {
	var o sendOptions
	c := &cobra.Command{
		Use: "send FILE --url URL", Short: "Deliver a payload as the Hub does",
		Long: `Sends the file, byte for byte, as a webhook delivery. FILE may be - for standard input. Without
--secret the first secret in WEBHOOK_SECRET is sent.`,
		Example: "  hfbot send push.json --url http://127.0.0.1:7860/webhook --secret hush",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			o.file, o.in, o.out = args[0], c.InOrStdin(), c.OutOrStdout()
			if o.url == "" {
				return usageErrorf("--url is required: the address of the bot's webhook")
			}
			if o.secret == "" {
				o.secret, _, _ = strings.Cut(os.Getenv("WEBHOOK_SECRET"), ",")
			}
			return runSend(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.url, "url", "", "where to, such as http://127.0.0.1:7860/webhook")
	c.Flags().StringVar(&o.secret, "secret", "", "the webhook's secret")
	c.Flags().StringVar(&o.id, "id", "", "the Webhook-Id; the same one again is a duplicate (default: a new one)")
	addFormat(c, &o.format, formatText, formatJSON)
	return c
}

func runSend(ctx context.Context, o sendOptions) error {
	body, err := readInput(o.file, o.in)
	if err != nil {
		return fmt.Errorf("read the payload: %w", err)
	}
	if o.id == "" {
		o.id = uuid.NewString()
	}
	ctx, cancel := context.WithTimeout(ctx, hubTimeout)
	defer cancel()
	req, err := newDelivery(ctx, o.url, body, hub.Secret(strings.TrimSpace(o.secret)), o.id)
	if err != nil {
		return err
	}
	status, answer, err := do(http.DefaultClient, req)
	if err != nil {
		return fmt.Errorf("deliver %s: %w", o.file, err)
	}
	if err := showSent(o, status, answer); err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return fmt.Errorf("%s answered %d; the Hub would count that as a failure", req.URL.Redacted(), status)
	}
	return nil
}

// newDelivery makes the request that the Hub makes (https://huggingface.co/docs/hub/webhooks).
func newDelivery(ctx context.Context, url string, body []byte, secret hub.Secret, id string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, usageErrorf("--url: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", id)
	if secret != "" {
		req.Header.Set("X-Webhook-Secret", secret.Reveal())
	}
	return req, nil
}

func showSent(o sendOptions, status int, answer []byte) error {
	if o.format.value == formatJSON {
		result := sent{Status: status, WebhookID: o.id}
		if json.Valid(answer) {
			result.Answer = answer
		}
		return writeJSON(o.out, result)
	}
	_, err := fmt.Fprintf(o.out, "%d %s\n%s\n", status, http.StatusText(status), bytes.TrimSpace(answer))
	return err
}

// do sends a request and reads its answer, up to maxAnswer.
func do(client *http.Client, req *http.Request) (status int, body []byte, err error) {
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, body, err
}

// readInput reads a file, or standard input for "-".
func readInput(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}
