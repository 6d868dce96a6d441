package cmd

import (
	"context"
	"errors"
	"os"

	"github.com/hfbot/hfbot/bot"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/config"
	"github.com/hfbot/hfbot/hub"
)

// rulesOf loads the rules that a bot with these settings takes, those on the Hub too. The set is nil when they have
// errors.
func rulesOf(ctx context.Context, cfg *config.Config) (set *rule.Set, problems rule.Problems, err error) {
	client, err := hub.New(cfg.Endpoint, cfg.Token)
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "hfbot-rules-")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	copies, err := bot.CopyRules(ctx, client, cfg.Rules, dir)
	if err != nil {
		return nil, nil, err
	}
	if set, problems, err = loadRules(copies.Paths); err == nil {
		copies.Rename(set, problems)
	}
	return set, problems, err
}
