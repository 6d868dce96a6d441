package cmd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/config"
)

func newHealthcheck() *cobra.Command {
	c := &cobra.Command{
		Use: "healthcheck", Short: "Ask the bot with these settings whether it is alive",
		Long: `Exits 0 when the bot that was started with the same settings answers on /healthz. It is the health
check of the container image, which holds no other program.`,
		Example: "  hfbot healthcheck --listen 127.0.0.1:7860",
		Args:    arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := config.Load(c.Flags())
			if err != nil {
				return err
			}
			return runHealthcheck(c.Context(), settings.Listen)
		},
	}
	config.AddFlags(c.Flags(), "listen")
	return c
}

func runHealthcheck(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1" // listening everywhere includes loopback
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	status, _, err := do(http.DefaultClient, req)
	if err != nil {
		return fmt.Errorf("the bot does not answer: %w", err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s answered %d", url, status)
	}
	return nil
}
