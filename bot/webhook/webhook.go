// Package webhook receives the Hub's calls: it checks the secret, bounds the body, keeps the delivery and answers. It
// decides nothing about rules; its 202 means only that the delivery is safe.
package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// BodyLimit is the largest body accepted, in bytes. The Hub cuts its lists of files at 10,000 entries, which stays
// below it.
const BodyLimit = 1 << 20

// usualBody is the size, in bytes, up to which a body is trusted to be as long as its sender says.
const usualBody = 16 << 10

// longestID bounds the Webhook-Id that is kept, in bytes. The Hub's are far shorter.
const longestID = 200

// retryAfterSeconds is what a 503 asks the sender to wait.
const retryAfterSeconds = "5"

// Keep stores a delivery durably and returns its id; duplicate tells that it was there already.
type Keep func(ctx context.Context, d store.Delivery) (id string, duplicate bool, err error)

// Receiver answers POST /webhook.
type Receiver struct {
	secrets [][sha256.Size]byte // hashed, so that the comparison does not depend on their lengths
	open    bool
	keep    Keep
	log     *zap.Logger
	now     func() time.Time
}

// New returns a Receiver that accepts any of the secrets, several at once so that a secret can be rotated. Without a
// secret it accepts every call; whether that is allowed is the caller's decision.
func New(secrets []hub.Secret, keep Keep, log *zap.Logger) *Receiver {
	r := &Receiver{open: len(secrets) == 0, keep: keep, log: log, now: time.Now}
	for _, s := range secrets {
		r.secrets = append(r.secrets, sha256.Sum256([]byte(s.Reveal())))
	}
	return r
}

// answer is the body of a 202.
type answer struct {
	Delivery  string `json:"delivery"`
	Duplicate bool   `json:"duplicate"`
}

// Handle is the Echo handler. It answers 202 after the durable write, 401 for a wrong secret (before the body is
// read), 413 and 400 for a body that is too large or no JSON, 503 when the delivery cannot be kept.
func (r *Receiver) Handle(c echo.Context) error {
	req := c.Request()
	if !r.authorised(req) {
		r.log.Warn("delivery refused: wrong or missing webhook secret", zap.String("from", c.RealIP()))
		return refuse(c, http.StatusUnauthorized,
			"wrong or missing webhook secret: send it in the X-Webhook-Secret header or as ?secret=")
	}
	body, err := readBody(c, req)
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return refuse(c, http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
	} else if err != nil {
		return refuse(c, http.StatusBadRequest, "the body could not be read")
	}
	delivery := NewDelivery(body, req.Header.Get("Webhook-Id"), r.now())
	if delivery.Payload == nil && !hub.ValidJSON(body) {
		return refuse(c, http.StatusBadRequest, "the body is not JSON")
	}
	id, duplicate, err := r.keep(req.Context(), delivery)
	if err != nil {
		r.log.Error("delivery not kept, answered 503", zap.Error(err))
		c.Response().Header().Set("Retry-After", retryAfterSeconds)
		return refuse(c, http.StatusServiceUnavailable, "the delivery could not be stored; send it again")
	}
	return c.JSON(http.StatusAccepted, answer{Delivery: id, Duplicate: duplicate})
}

// readBody reads as much as is accepted. A body of the usual size gets as much room as its sender says that it is long, of
// which the server reads no more.
func readBody(c echo.Context, req *http.Request) ([]byte, error) {
	if n := req.ContentLength; 0 <= n && n <= usualBody {
		body := make([]byte, n)
		_, err := io.ReadFull(req.Body, body)
		return body, err
	}
	return io.ReadAll(http.MaxBytesReader(c.Response(), req.Body, BodyLimit))
}

// Explain answers a call by another method than POST, such as that of a person who opens the address in a browser.
func Explain(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderAllow, http.MethodPost)
	return refuse(c, http.StatusMethodNotAllowed,
		"this is where the Hub delivers its webhooks, by POST; enter this address in the webhook's settings")
}

// authorised compares the given secret with every valid one in constant time.
func (r *Receiver) authorised(req *http.Request) bool {
	if r.open {
		return true
	}
	given := req.Header.Get("X-Webhook-Secret")
	if given == "" {
		given = req.URL.Query().Get("secret")
	}
	sum := sha256.Sum256([]byte(given))
	equal := 0
	for _, want := range r.secrets {
		equal |= subtle.ConstantTimeCompare(sum[:], want[:])
	}
	return equal == 1
}

// NewDelivery makes a delivery of a body as it came in. The key that tells two deliveries apart is the Webhook-Id header,
// which the Hub keeps over retries and replays; older deliveries have none, and there it is a hash of the body, which
// contains the webhook's id.
func NewDelivery(body []byte, webhookID string, at time.Time) store.Delivery {
	d := store.Delivery{
		WebhookID: webhookID, Key: "id:" + webhookID, ReceivedAt: at, Source: store.SourceWebhook, Body: body,
		State: store.Received,
	}
	switch {
	case webhookID == "":
		d.Key = "body:" + hash(body)
	case len(webhookID) > longestID:
		d.WebhookID, d.Key = webhookID[:longestID], "long:"+hash([]byte(webhookID))
	}
	// A body that is no payload is kept all the same; matching says what is wrong with it.
	if p, err := hub.ParsePayload(body); err == nil {
		d.Scope, d.Action, d.Repo, d.RepoType = p.Event.Scope, p.Event.Action, p.Repo.Name, string(p.Repo.Type)
		d.Hook, d.Public, d.Payload = p.Webhook.ID, p.Public, p
	}
	return d
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// refuse answers with an error a person can act on.
func refuse(c echo.Context, status int, message string) error {
	return c.JSON(status, map[string]string{"error": message})
}
