package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/hfbot/hfbot/hub/emulator"
)

// hubOptions are the flags of `hfbot hub`.
type hubOptions struct {
	listen string
	data   string
	orgs   []string
	apps   []string
	jobs   bool
	users  []string
	out    io.Writer
}

func newHub() *cobra.Command {
	var o hubOptions
	c := &cobra.Command{
		Use: "hub", Short: "Run a Hub of your own on this machine",
		Long: `Runs the local Hub: repositories, git, pull requests, comments, Spaces and webhooks as huggingface.co has
them. It ends with Ctrl-C. What it holds is gone then, unless --data names a folder to keep it in.`,
		Example: "  hfbot hub --listen 127.0.0.1:5000 --user alice:hf_alice --user bot:hf_bot\n" +
			"  hfbot hub --data ./hub --org acme:demo=admin,hfbot=write",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			o.out = c.OutOrStdout()
			return runHub(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:5000", "address to listen on; port 0 takes a free one")
	c.Flags().StringArrayVar(&o.users, "user", nil,
		"an account as NAME:TOKEN, may be repeated (default demo:hf_demo and hfbot:hf_hfbot)")
	c.Flags().StringVar(&o.data, "data", "", "folder to keep everything in (default: memory)")
	c.Flags().StringArrayVar(&o.orgs, "org", nil,
		"an organisation as NAME:USER=ROLE,…, may be repeated; roles: admin, write, contributor, read, no_access")
	c.Flags().StringArrayVar(&o.apps, "oauth-app", nil,
		"an app to sign in to as ID:SECRET@URL, may be repeated; without @URL it may be anywhere on loopback")
	c.Flags().BoolVar(&o.jobs, "run-jobs", false,
		"run Jobs as processes of this machine, in place of their image (default: Jobs are recorded only)")
	return c
}

func runHub(ctx context.Context, o hubOptions) (err error) {
	users, err := parseUsers(o.users)
	if err != nil {
		return err
	}
	orgs, err := parseOrgs(o.orgs)
	if err != nil {
		return err
	}
	options := emulator.Options{
		Users: users, Orgs: orgs, OAuthApps: parseApps(o.apps), Data: o.data,
		OnDelivery: func(d emulator.Delivery) { fmt.Fprintln(o.out, describeTry(d)) },
	}
	if o.jobs {
		options.RunJob = runLocalJob
	}
	server, err := emulator.New(options)
	if err != nil {
		return fmt.Errorf("start the local Hub: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := server.Start(ctx, o.listen); errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; choose another with --listen (port 0 takes a free one)", err)
	} else if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "The local Hub is at %s\n", server.URL())
	for _, u := range users {
		fmt.Fprintf(o.out, "user %s, token %s\n", u.Name, u.Token)
	}
	fmt.Fprintf(o.out, "Point clients at it with HF_ENDPOINT=%s and HF_TOKEN; Ctrl-C ends it.\n", server.URL())
	<-ctx.Done()
	return nil
}

// parseUsers reads NAME:TOKEN pairs; without any, the default accounts are used. These tokens open nothing but the
// local Hub, so they are shown.
func parseUsers(pairs []string) ([]emulator.User, error) {
	if len(pairs) == 0 {
		pairs = []string{"demo:hf_demo", "hfbot:hf_hfbot"}
	}
	var users []emulator.User
	for _, pair := range pairs {
		name, token, ok := strings.Cut(pair, ":")
		if !ok || name == "" || token == "" {
			return nil, usageErrorf("--user must be NAME:TOKEN, such as alice:hf_alice")
		}
		users = append(users, emulator.User{Name: name, Token: token})
	}
	return users, nil
}

// parseOrgs reads NAME:USER=ROLE,… texts.
func parseOrgs(texts []string) ([]emulator.Org, error) {
	var orgs []emulator.Org
	for _, text := range texts {
		name, members, ok := strings.Cut(text, ":")
		org := emulator.Org{Name: name, Members: map[string]string{}}
		for member := range strings.SplitSeq(members, ",") {
			user, role, hasRole := strings.Cut(member, "=")
			if !ok || name == "" || user == "" || !hasRole {
				return nil, usageErrorf("--org must be NAME:USER=ROLE,…, such as acme:demo=admin,hfbot=write")
			}
			org.Members[user] = role
		}
		orgs = append(orgs, org)
	}
	return orgs, nil
}

// parseApps reads ID:SECRET@URL texts; secret and URL may be missing.
func parseApps(texts []string) []emulator.OAuthApp {
	var apps []emulator.OAuthApp
	for _, text := range texts {
		names, uri, hasURI := strings.Cut(text, "@")
		id, secret, _ := strings.Cut(names, ":")
		app := emulator.OAuthApp{ID: id, Secret: secret}
		if hasURI {
			app.RedirectURIs = []string{uri}
		}
		apps = append(apps, app)
	}
	return apps
}

func describeTry(d emulator.Delivery) string {
	result := fmt.Sprintf("answered %d", d.Status)
	if d.Status == 0 {
		result = "failed: " + d.Error
	}
	return fmt.Sprintf("delivery %s to %s, try %d: %s", d.ID, d.URL, d.Try, result)
}
