package dev

import (
	"cmp"
	"context"
	"encoding/base64"
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

// thread is a discussion or pull request that is there from the beginning, and the comment it begins with.
type thread struct {
	num     int
	comment string
}

// Recipes makes what the rules in force need to be tried on, without telling the bot, and says how each one fires. It
// must not be called twice at the same time.
func (d *Dev) Recipes(ctx context.Context) (recipes []Recipe, err error) {
	err = d.quietly(ctx, func() error {
		examples := examplesOf(d.opts.Rules)
		for _, r := range d.Bot.Rules().Rules {
			made := d.recipe(r, examples[r.ID])
			if made.Note == "" {
				err := d.prepare(ctx, &made)
				var refused *hub.Error
				switch {
				case errors.As(err, &refused) && refused.StatusCode >= 400 && refused.StatusCode < 500:
					made.Calls, made.Note = nil, fmt.Sprintf("the local Hub refuses what its test says: %v", err)
				case err != nil:
					return fmt.Errorf("prepare %s for rule %s: %w", made.Repo, r.ID, err)
				}
			}
			recipes = append(recipes, made)
		}
		return nil
	})
	return recipes, err
}

// prepare makes the repository, and in it the branch and the thread that the rule is about.
func (d *Dev) prepare(ctx context.Context, made *Recipe) error {
	trial, client := made.trial, d.Hub.Client(UserName)
	options := hub.CreateRepoOptions{Private: trial.Private}
	if made.Repo.Type == hub.Space {
		options.SpaceSDK = "static"
	}
	if err := client.CreateRepo(ctx, made.Repo, options); err != nil && !hub.IsConflict(err) {
		return err
	}
	if err := d.tag(ctx, client, made.Repo, trial.Tags); err != nil {
		return err
	}
	if branch, ok := strings.CutPrefix(trial.Ref, "refs/heads/"); ok && branch != "main" {
		refs, err := client.Refs(ctx, made.Repo)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(refs.Branches, func(b hub.Ref) bool { return b.Name == branch }) {
			if err := client.CreateBranch(ctx, made.Repo, branch, "main"); err != nil {
				return err
			}
		}
	}
	if converts(made.Rule) && trial.Path == "" {
		trial.Path = weightsName
		if trial.Ref == "" {
			if err := d.checkpoint(ctx, client, made.Repo); err != nil {
				return err
			}
		}
	}
	talk, err := d.thread(ctx, client, made.Repo, trial)
	if err != nil {
		return err
	}
	made.Calls = calls(made.Repo, trial, talk)
	if made.Calls == nil {
		made.Note = "the local Hub has no event " + trial.Scope + "; try it with hfbot send"
	}
	return nil
}

// tag writes a card that gives the repository its tags.
func (d *Dev) tag(ctx context.Context, client *hub.Client, repo hub.RepoRef, tags []string) error {
	if len(tags) == 0 {
		return nil
	}
	_, err := client.Commit(ctx, repo, hub.CommitInput{
		Summary: "Add a card", Files: []hub.CommitFile{hub.BytesFile(cardName, []byte(card(tags)))},
	})
	return err
}

// checkpoint puts weights into a repository.
func (d *Dev) checkpoint(ctx context.Context, client *hub.Client, repo hub.RepoRef) error {
	content, err := base64.StdEncoding.DecodeString(weights("0000000000"))
	if err != nil {
		return err
	}
	_, err = client.Commit(ctx, repo, hub.CommitInput{
		Summary: "Add weights", Files: []hub.CommitFile{hub.BytesFile(weightsName, content)},
	})
	return err
}

// thread opens a discussion or pull request, when the rule is about what happens in one.
func (d *Dev) thread(ctx context.Context, client *hub.Client, repo hub.RepoRef, trial rule.Trial) (thread, error) {
	inside := strings.HasPrefix(trial.Scope, "discussion.") ||
		trial.Scope == "discussion" && (trial.Action == "update" || trial.Action == "delete")
	if !inside {
		return thread{}, nil
	}
	key := fmt.Sprint(repo, trial.PullRequest, trial.Action == "delete", trial.Title)
	if known, ok := d.threads[key]; ok {
		return known, nil
	}
	var num int
	if trial.PullRequest {
		made, err := client.Commit(ctx, repo, hub.CommitInput{
			Summary: cmp.Or(trial.Title, "Suggest a change"), CreatePR: true,
			Files: []hub.CommitFile{hub.BytesFile(notesName, []byte("a note\n"))},
		})
		if err != nil {
			return thread{}, err
		}
		num = made.PullRequestNum
	} else {
		made, err := client.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{
			Title: cmp.Or(trial.Title, "A question"), Description: "What is this?",
		})
		if err != nil {
			return thread{}, err
		}
		num = made.Num
	}
	told, err := client.Discussion(ctx, repo, num)
	if err != nil {
		return thread{}, err
	}
	talk := thread{num: num}
	if len(told.Events) > 0 {
		talk.comment = told.Events[0].ID
	}
	d.threads[key] = talk
	return talk, nil
}

// Do makes a call.
func (d *Dev) Do(ctx context.Context, call Call) error {
	text := strings.ReplaceAll(strings.Join(call.Lines, "\n"), now, fmt.Sprintf("%010d", time.Now().UnixMicro()%1e10))
	req, err := http.NewRequestWithContext(ctx, call.Method, d.Hub.URL()+call.Path, strings.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+Token(call.As))
	req.Header.Set("Content-Type", call.contentType())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", call.Method, call.Path, resp.Status, answer)
	}
	return nil
}
