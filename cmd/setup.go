package cmd

import (
	"context"
	_ "embed" // the page
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub"
)

//go:embed setup.html
var setupPage string

// errNoToken is why a bot on a Space does not start: it could neither act nor look after its webhook.
var errNoToken = errors.New("no HF_TOKEN: add it as a secret in the Space's settings; without it the bot can do nothing on the Hub")

// missing is what the page of a bot that cannot start says.
type missing struct {
	Thing    string // the one thing that is missing or wrong
	Do       string // what to do
	Settings string // address of the Space's settings; empty when they do not help
	Places   []string
}

// serveSetup answers in the place of a bot that cannot start on a Space. A process that ends would leave its owner with
// the Hub's "runtime error" page; this one names what is missing. It says nothing that a stranger may not read, so the
// details of other errors go to the log only.
func serveSetup(ctx context.Context, cfg *config.Config, cause error, until string, stderr io.Writer) error {
	fmt.Fprintln(stderr, "hfbot: "+cause.Error())
	fmt.Fprintln(stderr, "hfbot: the bot cannot start; until "+until+", its page says what is missing")
	listen := config.SpaceListen
	if cfg != nil {
		listen = cfg.Listen
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return errors.Join(cause, err)
	}
	fmt.Fprintf(stderr, "hfbot: the page is at http://%s\n", listener.Addr())
	page := template.Must(template.New("setup").Parse(setupPage))
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: setupHandler(page, describeMissing(cause))}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(cause, err)
	}
	return nil // it was told to end, and has said what was wrong
}

const (
	rulesAgain = 5 * time.Second  // the pause between tries to read rules on the Hub
	rulesLimit = 10 * time.Second // of one try
)

// awaitRules serves the page until the rules can be had from the Hub, or ctx ends.
func awaitRules(ctx context.Context, cfg *config.Config, cause error, stderr io.Writer) error {
	ctx, found := context.WithCancel(ctx)
	defer found()
	go func() {
		for ctx.Err() == nil {
			limited, cancel := context.WithTimeout(ctx, rulesLimit)
			_, _, err := rulesOf(limited, cfg)
			cancel()
			if !errors.Is(err, bot.ErrRulesUnread) {
				found() // what else may be wrong shows when the bot starts
			}
			select {
			case <-ctx.Done():
			case <-time.After(rulesAgain):
			}
		}
	}()
	return serveSetup(ctx, cfg, cause, "they can be read", stderr)
}

// hubAway tells whether the Hub did not answer, rather than refuse, when the rules were to be read from it.
func hubAway(err error) bool {
	if !errors.Is(err, bot.ErrRulesUnread) {
		return false
	}
	var unreachable net.Error
	if answer := new(hub.Error); errors.As(err, &answer) {
		return answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusTooManyRequests
	}
	return errors.As(err, &unreachable) || errors.Is(err, context.DeadlineExceeded)
}

// setupHandler answers everything: deliveries with 503, so that the Hub sends them again later.
func setupHandler(page *template.Template, what missing) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	notYet := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		http.Error(w, `{"error":"the bot is not set up yet"}`, http.StatusServiceUnavailable)
	}
	mux.HandleFunc("/webhook", notYet)
	mux.HandleFunc("/readyz", notYet)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy",
			"default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self' https://huggingface.co")
		_ = page.Execute(w, what) // a caller who hangs up needs no page
	})
	return mux
}

// describeMissing turns the reason into what a page for everyone may say.
func describeMissing(cause error) missing {
	settings := ""
	if id := os.Getenv("SPACE_ID"); id != "" {
		settings = "https://huggingface.co/spaces/" + id + "/settings"
	}
	rules := new(bot.RulesError)
	switch {
	case errors.Is(cause, errNoToken):
		return missing{
			Thing: "The secret HF_TOKEN is missing.", Settings: settings,
			Do: "Add it in the Space's settings: a token of the bot's account that may write to the repositories it looks after, " +
				"and may manage webhooks. The Space then starts anew, and the bot makes its webhook by itself.",
		}
	case errors.Is(cause, config.ErrNoWebhookSecret):
		return missing{
			Thing: "The secret WEBHOOK_SECRET is missing.", Settings: settings,
			Do: "Add it in the Space's settings, or let the bot look after its webhook (manage_webhook: auto).",
		}
	case hubAway(cause):
		return missing{
			Thing: "The Hub does not answer, and the rules are there.",
			Do:    "The bot tries again every few seconds and starts by itself. Deliveries that come meanwhile are sent again by the Hub.",
		}
	case errors.Is(cause, bot.ErrRulesUnread):
		return missing{
			Thing: "The rules on the Hub cannot be read.", Settings: settings,
			Do: "Look at HFBOT_RULES in the settings, and whether the token may read that repository. " +
				"The bot tries again every few seconds and starts by itself once they can be read.",
		}
	case errors.As(cause, &rules):
		var places []string
		for _, p := range rules.Problems {
			file, _, _ := strings.Cut(p.String(), ": ")
			places = append(places, file)
		}
		return missing{
			Thing: "The rules have errors.", Places: places,
			Do: "Mend them in the Space's files; the Space's log shows each with its line. hfbot check finds them beforehand.",
		}
	}
	return missing{
		Thing: "The bot cannot start.", Settings: settings,
		Do: "The Space's log (Logs, Container) says why in its last lines.",
	}
}
