package deploy

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// Doer sends requests; it is an http.Client.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// Test is what came of the first delivery, which no rule wants.
type Test struct {
	Status      int               `json:"status"`
	Delivery    string            `json:"delivery"`
	Explanation map[string]string `json:"explanation"` // by rule
}

// testPayload is an event of a scope that no rule is for: it tries the whole way in and does nothing.
const testPayload = `{"event":{"action":"create","scope":"ping"},"repo":{"type":"space","name":%q,` +
	`"id":"000000000000000000000000","private":false,"owner":{"id":"000000000000000000000000"}},` +
	`"webhook":{"id":"000000000000000000000000","version":3}}`

// test sends one delivery as the Hub would, and tells what the rules make of it.
func (d *deployment) test(ctx context.Context) (*Test, error) {
	variables, err := d.Client.SpaceVariables(ctx, d.Space)
	if err != nil {
		return nil, fmt.Errorf("list the Space's variables: %w", err)
	}
	body := fmt.Sprintf(testPayload, d.Space.Name)
	test, err := d.send(ctx, body, d.current(variables))
	if err != nil {
		return nil, fmt.Errorf("the Space runs, but the bot on it does not answer at %s: %w", d.result.Address, err)
	}
	switch test.Status {
	case http.StatusAccepted:
	case http.StatusUnauthorized:
		return test, errors.New("the bot refuses the webhook secret: a WEBHOOK_SECRET is set on the Space that is not the one here; " +
			"set WEBHOOK_SECRET here to the same, or delete it there")
	default:
		return test, fmt.Errorf("the bot answers %d to a delivery instead of 202; the Space's page says what is missing: %s",
			test.Status, d.result.URL)
	}
	test.Explanation = d.explain(ctx, body)
	fmt.Fprintf(d.Out, "test delivery %s: answered 202; no rule is for its event ping:\n", test.Delivery)
	for _, r := range d.Rules.Rules {
		fmt.Fprintf(d.Out, "  %s: %s\n", r.ID, test.Explanation[r.ID])
	}
	return test, nil
}

const (
	sendPause = time.Second      // before a delivery is tried again
	sendShort = 20 * time.Second // how long it is tried: the Hub's proxy answers for a Space that is about to come up
	sendLong  = 3 * time.Minute  // the same after a change, since the bot from before it may still answer
)

// send tries until the bot takes the delivery, or is sure not to.
func (d *deployment) send(ctx context.Context, body string, secret hub.Secret) (test *Test, err error) {
	id := "deploy-" + strings.ToLower(rand.Text())
	changed, limit := len(d.result.Changes) > 0, sendShort
	if changed {
		limit = sendLong
	}
	for until := time.Now().Add(min(limit, d.Wait)); ; {
		test, err = d.sendOnce(ctx, body, secret, id)
		switch {
		case err == nil && test.Status == http.StatusUnauthorized && !changed:
			return test, nil
		case err == nil && test.Status < http.StatusInternalServerError && test.Status != http.StatusNotFound &&
			test.Status != http.StatusUnauthorized:
			return test, nil
		case time.Now().After(until):
			return test, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(sendPause):
		}
	}
}

func (d *deployment) sendOnce(ctx context.Context, body string, secret hub.Secret, id string) (*Test, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.result.Address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("X-Webhook-Secret", secret.Reveal())
	resp, err := d.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Delivery string `json:"delivery"`
	}
	_ = json.Unmarshal(text, &answer) // a proxy's page has none
	return &Test{Status: resp.StatusCode, Delivery: answer.Delivery}, nil
}

// explain asks the rules here, which are those on the Space.
func (d *deployment) explain(ctx context.Context, body string) map[string]string {
	said := map[string]string{}
	payload, err := hub.ParsePayload([]byte(body))
	if err != nil {
		return said
	}
	for _, o := range d.Rules.Match(ctx, rule.Delivery{ID: "test", Body: []byte(body), Payload: payload}, nil) {
		said[o.RuleID] = string(o.Verdict)
		if i := slices.IndexFunc(o.Clauses, func(c rule.Clause) bool { return !c.OK }); i >= 0 {
			c := o.Clauses[i]
			said[o.RuleID] = fmt.Sprintf("%s, %s wants %v and got %v", o.Verdict, c.Clause, c.Want, c.Got)
		}
	}
	return said
}
