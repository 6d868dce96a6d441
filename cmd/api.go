package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/hub"
)

// api talks to a running bot's /api/v1. It is shared by the commands that show and steer one.
type api struct {
	server string
	token  string
	format format
}

// addFlags defines --server, --token and --format.
func (a *api) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&a.server, "server", "", "address of the bot (default HFBOT_SERVER, else http://127.0.0.1:7860)")
	c.Flags().StringVar(&a.token, "token", "", "its admin token (default HFBOT_ADMIN_TOKEN)")
	addFormat(c, &a.format, formatText, formatJSON)
}

// apiError is the body of a refusal.
type apiError struct {
	Error string `json:"error"`
}

// call makes one call and returns the answer's JSON document.
func (a *api) call(ctx context.Context, method, path string, query url.Values) ([]byte, error) {
	base, err := url.Parse(firstOf(a.server, os.Getenv("HFBOT_SERVER"), "http://127.0.0.1:7860"))
	if err != nil || base.Host == "" {
		return nil, usageErrorf("--server must be a URL such as http://127.0.0.1:7860")
	}
	target := base.JoinPath("/api/v1", path)
	target.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target.String(), nil)
	if err != nil {
		return nil, err
	}
	token := hub.Secret(firstOf(a.token, os.Getenv("HFBOT_ADMIN_TOKEN")))
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	status, body, err := do(http.DefaultClient, req)
	if err != nil {
		return nil, fmt.Errorf("ask the bot at %s: %w; is it running? --server names another address", base.Redacted(), err)
	}
	if status < 200 || status > 299 {
		return nil, refusal(base, path, token != "", status, body)
	}
	return body, nil
}

// refusal says what a status means for the caller, who has given a token or not.
func refusal(base *url.URL, path string, given bool, status int, body []byte) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if given {
			return fmt.Errorf("the bot at %s does not take this admin token; it is the bot's HFBOT_ADMIN_TOKEN", base.Redacted())
		}
		return fmt.Errorf("the bot at %s wants an admin token; give it with --token or HFBOT_ADMIN_TOKEN", base.Redacted())
	case http.StatusNotFound:
		return fmt.Errorf("the bot at %s has no %s", base.Redacted(), path)
	}
	var said apiError
	if json.Unmarshal(body, &said) != nil || said.Error == "" {
		said.Error = http.StatusText(status)
	}
	return fmt.Errorf("the bot at %s answered %d: %s", base.Redacted(), status, said.Error)
}

// show writes a document: as it is, or as text by the given function.
func show[T any](c *cobra.Command, a *api, body []byte, text func(io.Writer, T) error) error {
	if a.format.value == formatJSON {
		var indented bytes.Buffer
		if err := json.Indent(&indented, bytes.TrimSpace(body), "", "  "); err != nil {
			return fmt.Errorf("the bot's answer is no JSON: %w", err)
		}
		indented.WriteByte('\n')
		_, err := indented.WriteTo(c.OutOrStdout())
		return err
	}
	var document T
	if err := json.Unmarshal(body, &document); err != nil {
		return fmt.Errorf("the bot's answer is no JSON as expected: %w", err)
	}
	return text(plainWriter{c.OutOrStdout()}, document)
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
