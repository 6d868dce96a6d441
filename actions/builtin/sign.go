package builtin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hfbot/hfbot/hub"
)

// sign adds the signature of a body to a request, in the way of GitHub
// (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries) or of Standard Webhooks
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
func sign(req *http.Request, how string, key hub.Secret, id string, body []byte, now time.Time) error {
	if key == "" {
		return errors.New("sign needs the secret hmac")
	}
	if how == "github" {
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac([]byte(key.Reveal()), body)))
		return nil
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key.Reveal(), "whsec_"))
	if err != nil {
		return errors.New("the secret hmac is no base64, which sign: standard wants")
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	signed := mac(secret, []byte(id+"."+timestamp+"."), body)
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", timestamp)
	req.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(signed))
	return nil
}

// mac is the HMAC-SHA256 of the parts.
func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}
