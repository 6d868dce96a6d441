package demo

import (
	"context"
	_ "embed" // the weights
	"fmt"
	"time"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// weights is a checkpoint as torch.save writes it: three names, two of them tied to one tensor.
//
//go:embed pytorch_model.bin
var weights []byte

// The card before and after the user's pull request.
const (
	card = `---
license: apache-2.0
library_name: transformers
tags: [pytorch]
---
# Tiny model

A very small model, pushed by git.
`
	fixedCard = `---
license: apache-2.0
library_name: transformers
tags: [pytorch]
---
# Tiny model

A very small model, pushed by git.
`
)

// Act is what the user does: push a model by git, then open a pull request on its card. It returns the pushed commit
// and the pull request's number.
func (d *Demo) Act(ctx context.Context) (sha string, num int, err error) {
	at := time.Now()
	sha, err = emulator.Push(ctx, emulator.PushInput{
		Remote: d.user.RepoURL(repo), User: userName, Token: userToken, Message: "Add the model",
		Files: map[string][]byte{
			"README.md": []byte(card), "config.json": []byte(`{"architectures": ["TinyForCausalLM"]}` + "\n"),
			"pytorch_model.bin": weights,
		},
	})
	if err != nil {
		return "", 0, fmt.Errorf("push to %s: %w", repo, err)
	}
	d.acts = append(d.acts, act{at, fmt.Sprintf("%s pushes %s by git: 3 files, commit %.7s", userName, repo.Name, sha)})
	at = time.Now()
	pr, err := d.user.Commit(ctx, repo, hub.CommitInput{
		Summary: "Fix a typo in the card", CreatePR: true, ParentCommit: sha,
		Files: []hub.CommitFile{hub.BytesFile("README.md", []byte(fixedCard))},
	})
	if err != nil {
		return "", 0, fmt.Errorf("open a pull request on %s: %w", repo, err)
	}
	d.acts = append(d.acts, act{at, fmt.Sprintf("%s opens pull request #%d: Fix a typo in the card", userName, pr.PullRequestNum)})
	return sha, pr.PullRequestNum, nil
}
