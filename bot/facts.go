package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/bot/expr"
	"github.com/hfbot/hfbot/bot/rule"
	"github.com/hfbot/hfbot/hub"
)

// Bounds on what one fact may cost; they equal the sizes that expressions are costed for.
const (
	maxFiles    = 20_000
	maxCardSize = 1 << 20
)

// hubFacts looks facts up on the Hub, each at most once. It belongs to one delivery at one commit.
type hubFacts struct {
	hub     *hub.Client
	payload *hub.Payload
	ref     string
	sha     string

	common *hubFacts // looks up what is the same at every commit; nil: this one does

	mu    sync.Mutex // held over the call, so that two readers of a fact share one call
	known map[string]any
	// failed keeps why a look-up failed, so that many rules do not ask a Hub that does not answer, one after the other; nil
	// where the next to ask shall try again.
	failed map[string]error
}

var _ expr.Facts = (*hubFacts)(nil)

// FactsOf gives what a Hub tells of a payload at a ref and commit, the same value each time, so that all rules share the
// calls. What does not depend on the commit is shared by all of them.
func FactsOf(client *hub.Client, p *hub.Payload) rule.FactsFor {
	made := map[[2]string]*hubFacts{}
	once := func(ref, sha string) *hubFacts {
		f := newHubFacts(client, p, ref, sha, nil)
		f.failed = map[string]error{}
		return f
	}
	common := once("", "")
	return func(ref, sha string) expr.Facts {
		key := [2]string{ref, sha}
		if made[key] == nil {
			made[key] = once(ref, sha)
			made[key].common = common
		}
		return made[key]
	}
}

// newHubFacts returns the facts of a payload at a commit; known holds what was looked up before.
func newHubFacts(client *hub.Client, p *hub.Payload, ref, sha string, known map[string]any) *hubFacts {
	facts := maps.Clone(known)
	if facts == nil {
		facts = map[string]any{}
	}
	return &hubFacts{hub: client, payload: p, ref: ref, sha: sha, known: facts}
}

// Fact implements expr.Facts.
func (f *hubFacts) Fact(ctx context.Context, name string) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.common != nil && f.everywhere(name) {
		return f.common.Fact(ctx, name)
	}
	return f.once(ctx, name)
}

// once looks a fact up unless that was done; it is called with the lock held.
func (f *hubFacts) once(ctx context.Context, name string) (any, error) {
	if v, ok := f.known[name]; ok {
		return v, nil
	}
	if err := f.failed[name]; err != nil {
		return nil, err
	}
	v, err := f.find(ctx, name)
	switch {
	case err == nil:
		f.known[name] = v
	case f.failed != nil:
		f.failed[name] = err
	}
	return v, err
}

func (f *hubFacts) find(ctx context.Context, name string) (any, error) {
	if err := f.findHead(ctx, name); err != nil {
		return nil, fmt.Errorf("look up the head of %s: %w", f.payload.Repo.Ref(), err)
	}
	v, err := f.lookUp(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("look up %s of %s: %w", name, f.payload.Repo.Ref(), err)
	}
	return v, nil
}

// everywhere tells whether a fact of this payload is the same at every commit.
func (f *hubFacts) everywhere(name string) bool {
	return name == "tags" || name == "author" && (f.payload.Comment != nil || f.payload.Discussion != nil)
}

// findHead finds the commit of an event that names none: a discussion's payload says that it is a pull request, and the
// head of that is the newest commit of refs/pr/N. Tags and the author do not need it.
func (f *hubFacts) findHead(ctx context.Context, name string) error {
	d := f.payload.Discussion
	if f.sha != "" || d == nil || !d.IsPullRequest || name == "tags" || name == "author" {
		return nil
	}
	for c, err := range f.hub.Commits(ctx, f.payload.Repo.Ref(), fmt.Sprintf("refs/pr/%d", d.Num)) {
		if err != nil {
			return err
		}
		f.sha = c.ID
		return nil
	}
	return nil
}

func (f *hubFacts) lookUp(ctx context.Context, name string) (any, error) {
	switch name {
	case expr.FactSHA:
		return f.sha, nil
	case "tags":
		return f.tags(ctx)
	case "commit":
		return f.commit(ctx)
	case "author":
		return f.author(ctx)
	case "changed":
		return f.changed(ctx)
	case "card":
		return f.card(ctx)
	case "files":
		return f.files(ctx)
	}
	return nil, fmt.Errorf("unknown fact %q", name)
}

func (f *hubFacts) tags(ctx context.Context) (any, error) {
	if f.payload.Repo.Tags != nil {
		return f.payload.Repo.Tags, nil
	}
	info, err := f.hub.RepoInfo(ctx, f.payload.Repo.Ref(), "")
	if err != nil {
		return nil, err
	}
	return info.Tags, nil
}

func (f *hubFacts) commit(ctx context.Context) (any, error) {
	if f.sha == "" {
		return map[string]any{}, nil
	}
	for c, err := range f.hub.Commits(ctx, f.payload.Repo.Ref(), f.sha) {
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"id": c.ID, "title": c.Title, "message": c.Message, "authors": c.Authors, "date": c.Date,
		}, nil
	}
	return nil, fmt.Errorf("commit %s has no history", f.sha)
}

// author is who caused the event as far as the Hub tells: the comment's or discussion's author, else the commit's.
func (f *hubFacts) author(ctx context.Context) (any, error) {
	who := ""
	switch {
	case f.payload.Comment != nil:
		who = f.payload.Comment.Author.ID
	case f.payload.Discussion != nil:
		who = f.payload.Discussion.Author.ID
	default:
		c, err := f.once(ctx, "commit")
		if err != nil {
			return nil, err
		}
		if authors, _ := c.(map[string]any)["authors"].([]string); len(authors) > 0 {
			who = authors[0]
		}
	}
	if who == "" {
		return map[string]any{}, nil
	}
	u, err := f.hub.User(ctx, who)
	if hub.IsNotFound(err) { // an account that is gone, or a commit's author who has none
		return map[string]any{"id": "", "name": who, "type": "", "isBot": false, "role": "read"}, nil
	} else if err != nil {
		return nil, err
	}
	role, err := f.role(ctx, u)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": u.ID, "name": u.Name, "type": "user", "isBot": false, "role": role}, nil
}

// role is what an account may do in the repository: admin of its own, its role in the organisation that owns it, else
// read. An organisation that does not tell the roles of its members to the bot's account gives read, too: what is not
// known must not open doors.
func (f *hubFacts) role(ctx context.Context, u *hub.User) (string, error) {
	owner, name := f.payload.Repo.Owner.ID, f.payload.Repo.Name
	if u.ID != "" && u.ID == owner {
		return string(hub.RoleAdmin), nil
	}
	namespace, _, ok := strings.Cut(name, "/")
	if !ok || strings.EqualFold(namespace, u.Name) { // one who took the owner's old name, at most
		return string(hub.RoleRead), nil
	}
	role, err := f.hub.RoleIn(ctx, namespace, u.Name)
	switch {
	case hub.IsForbidden(err), err == nil && (role == hub.RoleNone || role == hub.RoleUnknown):
		return string(hub.RoleRead), nil
	case err != nil:
		return "", err
	}
	return string(role), nil
}

func (f *hubFacts) files(ctx context.Context) (any, error) {
	blobs, err := f.hub.Blobs(ctx, f.payload.Repo.Ref(), f.sha, maxFiles)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(blobs)), nil
}

// changed compares the tree of the pushed commit with that of the commit before the push; for a new branch or pull
// request with that of the commit where it left main.
func (f *hubFacts) changed(ctx context.Context) (any, error) {
	if strings.HasPrefix(f.ref, "refs/tags/") || f.sha == "" {
		return []string{}, nil
	}
	base, err := f.base(ctx)
	if err != nil {
		return nil, err
	}
	return f.hub.ChangedPaths(ctx, f.payload.Repo.Ref(), base, f.sha, maxFiles)
}

// base is the commit that the push is compared with, "" when everything is new.
func (f *hubFacts) base(ctx context.Context) (string, error) {
	for _, u := range f.payload.UpdatedRefs {
		if u.Ref == f.ref && u.OldSHA != "" {
			return u.OldSHA, nil
		}
	}
	if f.ref == "refs/heads/main" {
		return "", nil
	}
	return f.hub.LeftMain(ctx, f.payload.Repo.Ref(), f.sha)
}

// card is the front matter of README.md at the commit; an absent or broken one reads as empty.
func (f *hubFacts) card(ctx context.Context) (any, error) {
	body, err := f.hub.Download(ctx, f.payload.Repo.Ref(), f.sha, "README.md", 0, -1)
	if hub.IsNotFound(err) {
		return map[string]any{}, nil
	} else if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(body, maxCardSize))
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	return frontMatter(string(text)), nil
}

// frontMatter decodes the YAML between the leading "---" lines of a card.
func frontMatter(text string) map[string]any {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return map[string]any{}
	}
	head, _, ok := strings.Cut(rest, "\n---")
	card := map[string]any{}
	if !ok || yaml.Unmarshal([]byte(head), &card) != nil {
		return map[string]any{}
	}
	return card
}
