package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

const (
	copyEvery    = time.Minute      // how often the Hub is asked for other rules; its events make it sooner
	copyAgain    = 10 * time.Second // how soon after a look that failed
	copyLimit    = 2 * time.Minute  // bounds one look
	copyFirst    = 5 * time.Second  // bounds the look at the start, when there may be what was kept
	maxRulesSize = 4 << 20          // of one file
)

// ErrRulesUnread is why a bot does not start whose rules are on the Hub and cannot be had from there.
var ErrRulesUnread = errors.New("the rules on the Hub cannot be read")

// RuleCopies are local copies of the rules that live in repositories on the Hub, hf://datasets/OWNER/NAME/rules.yaml.
// They are files like any other, so that what follows the files follows the Hub.
type RuleCopies struct {
	Paths []string // of the rules, with the copies in the place of what is on the Hub

	hub    *hub.Client
	copies []*ruleCopy
	nudged chan struct{}
	files  sync.Mutex // what the copies hold, with their commits

	mu    sync.Mutex
	wrong rule.Problems // what cannot be read now
}

// ruleCopy is one file.
type ruleCopy struct {
	from hub.FileRef
	to   string
	sha  string    // the commit it is of
	kept time.Time // when that was kept, if it comes from the database
}

// unread says that the file cannot be read now, and what stays in force.
func (c *ruleCopy) unread(err error) rule.Problem {
	kept := ""
	if !c.kept.IsZero() {
		kept = ", as kept at " + c.kept.UTC().Format(time.RFC3339)
	}
	return rule.Problem{
		File: c.from.String(), Severity: rule.Error,
		Message: fmt.Sprintf("cannot be read, so its commit %.7s stays in force%s: %v", c.sha, kept, err),
	}
}

// CopyRules fetches what of the paths is on the Hub into a folder.
func CopyRules(ctx context.Context, client *hub.Client, paths []string, dir string) (*RuleCopies, error) {
	c, err := newRuleCopies(client, paths, dir)
	if err != nil {
		return nil, err
	}
	return c, c.fetch(ctx)
}

// newRuleCopies makes room for copies, and fetches nothing yet.
func newRuleCopies(client *hub.Client, paths []string, dir string) (*RuleCopies, error) {
	c := &RuleCopies{Paths: slices.Clone(paths), hub: client, nudged: make(chan struct{}, 1)}
	for i, path := range paths {
		if !strings.HasPrefix(path, hub.FileScheme) {
			continue
		}
		from, err := hub.ParseFileRef(path)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRulesUnread, err)
		}
		one := &ruleCopy{from: from, to: filepath.Join(dir, strconv.Itoa(i), "rules.yaml")}
		if err := os.MkdirAll(filepath.Dir(one.to), 0o700); err != nil {
			return nil, err
		}
		c.copies = append(c.copies, one)
		c.Paths[i] = one.to
	}
	return c, nil
}

// fetch brings all copies to the newest commit.
func (c *RuleCopies) fetch(ctx context.Context) error {
	for _, one := range c.copies {
		if err := c.refresh(ctx, one); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrRulesUnread, one.from, err)
		}
	}
	return nil
}

// saveLastGood puts the copies into the database, for a start without the Hub, if all rules are still those of a
// [rule.Set.Hash]. Others have not been checked yet; they come here when they are in force.
func (c *RuleCopies) saveLastGood(ctx context.Context, s *store.Store, hash string) error {
	files, err := c.read(hash)
	if err != nil || files == nil {
		return err
	}
	return s.KeepRules(ctx, files)
}

// read reads the copies, or nothing when the rules are not of the hash any more.
func (c *RuleCopies) read(hash string) ([]store.KeptRules, error) {
	c.files.Lock()
	defer c.files.Unlock()
	if rule.HashOf(c.Paths) != hash {
		return nil, nil
	}
	var files []store.KeptRules
	for _, one := range c.copies {
		text, err := os.ReadFile(one.to)
		if err != nil {
			return nil, err
		}
		files = append(files, store.KeptRules{Address: one.from.String(), SHA: one.sha, Content: string(text)})
	}
	return files, nil
}

// restore brings all copies to what the database keeps, and notes why. There is a store.ErrNotFound when it lacks one.
func (c *RuleCopies) restore(ctx context.Context, s *store.Store, why error) error {
	var files []store.KeptRules
	for _, one := range c.copies {
		kept, err := s.KeptRules(ctx, one.from.String())
		if err != nil {
			return err
		}
		files = append(files, kept)
	}
	for i, one := range c.copies {
		if err := os.WriteFile(one.to, []byte(files[i].Content), 0o600); err != nil {
			return err
		}
		one.sha, one.kept = files[i].SHA, files[i].At
		if why != nil {
			c.wrong = append(c.wrong, one.unread(why))
		}
	}
	c.nudged <- struct{}{} // look soon
	return nil
}

// refresh brings a copy to the newest commit.
func (c *RuleCopies) refresh(ctx context.Context, one *ruleCopy) error {
	info, err := c.hub.RepoInfo(ctx, one.from.Repo, one.from.Revision)
	if err != nil {
		return err
	}
	if info.SHA == "" {
		return errors.New("the Hub names no commit of the repository")
	}
	if info.SHA == one.sha {
		one.kept = time.Time{}
		return nil
	}
	body, err := c.hub.Download(ctx, one.from.Repo, info.SHA, one.from.Path, 0, -1)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(body, maxRulesSize+1))
	if err := errors.Join(err, body.Close()); err != nil {
		return err
	}
	if len(text) > maxRulesSize {
		return fmt.Errorf("it is larger than %d MiB", maxRulesSize>>20)
	}
	c.files.Lock()
	defer c.files.Unlock()
	part := one.to + ".part" // no rule file by its name
	if err := errors.Join(os.WriteFile(part, text, 0o600), os.Rename(part, one.to)); err != nil {
		return err
	}
	one.sha, one.kept = info.SHA, time.Time{}
	return nil
}

// Rename gives the rules and their problems the names that the world knows them by.
func (c *RuleCopies) Rename(set *rule.Set, problems rule.Problems) {
	names := map[string]string{}
	for _, one := range c.copies {
		names[one.to] = one.from.String()
	}
	rename := func(file *string) {
		if name, ok := names[*file]; ok {
			*file = name
		}
	}
	for i := range problems {
		rename(&problems[i].File)
	}
	if set == nil {
		return
	}
	for i := range set.Files {
		rename(&set.Files[i])
	}
	for _, r := range set.Rules {
		rename(&r.File)
	}
}

// Interest is what a webhook has to watch for the rules, and so that the bot hears when they change on the Hub.
func Interest(set *rule.Set) rule.Interest {
	in := set.Interest()
	for _, file := range set.Files {
		ref, err := hub.ParseFileRef(file)
		if err != nil {
			continue // a file of this machine
		}
		if !slices.Contains(in.Domains, hub.DomainRepo) {
			in.Domains = append(in.Domains, hub.DomainRepo)
		}
		at := rule.Repo{Type: string(ref.Repo.Type), Name: ref.Repo.Name}
		owner, _, _ := strings.Cut(at.Name, "/")
		if !slices.Contains(in.Namespaces, owner) && !slices.Contains(in.Repos, at) {
			in.Repos = append(in.Repos, at)
		}
	}
	return in
}

// nudge has the copies looked at when a delivery tells of a push to where they come from. It does not wait.
func (c *RuleCopies) nudge(d *store.Delivery) {
	if d.Scope != "repo.content" || !slices.ContainsFunc(c.copies, func(one *ruleCopy) bool {
		return one.from.Repo.Name == d.Repo && string(one.from.Repo.Type) == d.RepoType
	}) {
		return
	}
	select {
	case c.nudged <- struct{}{}:
	default: // it will look anyway
	}
}

// serve keeps the copies up to date until ctx ends.
func (c *RuleCopies) serve(ctx context.Context, log *zap.Logger) {
	if len(c.copies) == 0 {
		return
	}
	again := time.NewTimer(copyEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.nudged:
		case <-again.C:
		}
		c.look(ctx, log)
		if c.problems() == nil {
			again.Reset(copyEvery)
		} else {
			again.Reset(copyAgain)
		}
	}
}

func (c *RuleCopies) look(ctx context.Context, log *zap.Logger) {
	limit := copyLimit
	if c.problems() != nil {
		limit = copyAgain
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var wrong rule.Problems
	for _, one := range c.copies {
		if err := c.refresh(ctx, one); err != nil {
			wrong = append(wrong, one.unread(err))
		}
	}
	c.mu.Lock()
	before := c.wrong
	c.wrong = wrong
	c.mu.Unlock()
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
	case len(wrong) == 0 && len(before) > 0:
		log.Info("the rules on the Hub can be read again")
	case wrong.Error() != before.Error():
		log.Error("the rules on the Hub cannot be read; the last good ones stay in force: " + wrong.Error())
	}
}

// problems are what could not be read at the last look.
func (c *RuleCopies) problems() rule.Problems {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wrong
}
