// Package emulator is the local Hub: it answers the Hub's HTTP API, git and LFS on loopback, and delivers webhooks. It
// is what `hfbot hub`, `hfbot demo` and the tests talk to. Everything lives in memory and ends with the server, unless
// Options.Data names a folder to keep it in.
//
// Paths, answers, headers and error codes are those of huggingface.co, with the server's own base URL in every link, so
// the public Python and JavaScript clients work against it (Python: HF_ENDPOINT, and HF_HUB_DISABLE_XET=1 when hf_xet
// is installed). Deliberate differences: plain http, loopback webhook targets, every account on a paid plan, and quotas
// that are shown in headers but not enforced.
package emulator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// Options of a local Hub.
type Options struct {
	// Users are the accounts; empty means demo with token hf_demo and hfbot with token hf_hfbot.
	Users []User
	// Orgs are the organisations of these users.
	Orgs []Org
	// Tokens are further access tokens, such as one that may only read.
	Tokens []Token
	// OAuthApps are the apps that users can sign in to; others register themselves at /oauth/register.
	OAuthApps []OAuthApp
	// BaseURL is what links begin with, without a slash at the end. Start sets it from the listener when it is empty;
	// it must be given when only Handler is used.
	BaseURL string
	// Log is told what a person watching the server may want to know; nil is silent.
	Log func(format string, args ...any)
	// OnDelivery is called after each try of a webhook delivery.
	OnDelivery func(Delivery)
	// Deliveries says how webhooks are delivered: retries, suspension, bounds.
	Deliveries DeliveryPolicy
	// Data is the folder that keeps everything; empty: memory, and all is gone when the server ends.
	Data string
	// PartSize is the size above which clients that can do so upload LFS files in parts of that size; 0 means 64 MiB.
	PartSize int64
	// RunJob runs a Job until it ends or ctx does, and hands on what it prints, line by line. Nil means that Jobs are
	// recorded only.
	RunJob func(ctx context.Context, process JobProcess, say func(line string)) error
	// SpaceHost is the host name that a Space is served at, for who runs its app in the place of the Hub; nil or empty:
	// the Hub's, where nothing answers.
	SpaceHost func(name string) string
	// Faults are the faults the server begins with; SetFaults changes them.
	Faults Faults
}

// User is an account.
type User struct{ Name, Token string }

// Delivery is one try of a webhook delivery.
type Delivery struct {
	ID        string // Webhook-Id
	WebhookID string
	URL       string // without query
	Try       int
	Status    int // 0: no answer
	Error     string
	Body      []byte
}

// Server is a local Hub. It is safe for concurrent use.
type Server struct {
	opts        Options
	accounts    accounts
	tokens      credentials
	sso         oauth
	disk        *disk // nil: in memory
	uploads     lfsUploads
	unsaved     unsaved
	jobs        jobs
	schedule    schedule
	collections collections
	repos       registry
	hooks       webhooks
	router      *echo.Echo
	web         *http.Server
	lfsKey      []byte // signs LFS transfer URLs
}

// New makes a local Hub that does not listen yet.
func New(opts Options) (*Server, error) {
	if len(opts.Users) == 0 {
		opts.Users = []User{{Name: "demo", Token: "hf_demo"}, {Name: "hfbot", Token: "hf_hfbot"}}
	}
	if opts.Log == nil {
		opts.Log = func(string, ...any) {}
	}
	opts.BaseURL = strings.TrimSuffix(opts.BaseURL, "/")
	list, err := newAccounts(opts.Users, opts.Orgs)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, accounts: list, lfsKey: make([]byte, 32), sso: oauth{key: newSigningKey()}}
	if _, err := rand.Read(s.lfsKey); err != nil {
		return nil, fmt.Errorf("make the key for transfer links: %w", err)
	}
	if opts.Data != "" {
		if s.disk, err = openDisk(opts.Data); err != nil {
			return nil, err
		}
		s.unsaved.on = true
		if err := s.load(); err != nil {
			return nil, errors.Join(fmt.Errorf("read the data folder %s: %w", opts.Data, err), s.disk.close())
		}
	}
	if err := errors.Join(s.addTokens(), s.addApps()); err != nil {
		return nil, errors.Join(err, s.disk.close())
	}
	s.SetFaults(opts.Faults)
	s.router = s.routes()
	s.web = &http.Server{Handler: s.router, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	return s, nil
}

// Start listens on addr ("127.0.0.1:0" takes a free port) and returns when requests are answered. The server runs until
// Close; ctx is only for listening.
func (s *Server) Start(ctx context.Context, addr string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("start the local Hub: %w", err)
	}
	if s.opts.BaseURL == "" {
		s.opts.BaseURL = "http://" + reachable(listener.Addr())
	}
	s.resume()
	s.startSchedule()
	go func() {
		if err := s.web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.opts.Log("the local Hub stopped: %v", err)
		}
	}()
	return nil
}

// reachable is an address to dial for a listener's address: one that listens everywhere is reached on loopback.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// URL is the base URL of every link, without a slash at its end. It is empty before Start unless it was given.
func (s *Server) URL() string { return s.opts.BaseURL }

// Handler answers all requests, for a server of one's own.
func (s *Server) Handler() http.Handler { return s.router }

// Close stops listening, cuts open connections and ends webhook deliveries.
func (s *Server) Close() error {
	err := s.web.Close()
	s.schedule.close()
	s.jobs.close()
	s.hooks.close()
	if s.disk != nil {
		err = errors.Join(err, s.save(), s.disk.close())
	}
	return err
}

// Client is a client with the token of the named user; an unknown name gives an anonymous client.
func (s *Server) Client(user string) *hub.Client {
	var token hub.Secret
	if found := s.accounts.named(user); found != nil {
		token = hub.Secret(found.token)
	}
	client, err := hub.New(s.URL(), token)
	if err != nil {
		panic("emulator: Client before Start: " + err.Error())
	}
	return client
}
