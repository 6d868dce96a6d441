package hub_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// localHub starts a Hub on this machine for the examples. With a token of your own, and an empty endpoint, New talks to
// https://huggingface.co.
func localHub(options ...func(*emulator.Options)) (client *hub.Client, stop func()) {
	var opts emulator.Options
	for _, change := range options {
		change(&opts)
	}
	server, err := emulator.New(opts)
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Start(context.Background(), "127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	client, err = hub.New(server.URL(), "hf_demo", hub.WithUserAgent("example/1.0"))
	if err != nil {
		log.Fatal(err)
	}
	return client, func() { server.Close() }
}

// localRepo is localHub with a repository in which README.md is "# Tiny".
func localRepo(repo hub.RepoRef) (client *hub.Client, stop func()) {
	client, stop = localHub()
	ctx := context.Background()
	err := client.CreateRepo(ctx, repo, hub.CreateRepoOptions{})
	if err == nil {
		_, err = client.Commit(ctx, repo, hub.CommitInput{
			Summary: "Add a card", Files: []hub.CommitFile{hub.BytesFile("README.md", []byte("# Tiny"))},
		})
	}
	if err != nil {
		log.Fatal(err)
	}
	return client, stop
}

func Example() {
	client, stop := localHub()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	if err := client.CreateRepo(ctx, repo, hub.CreateRepoOptions{Private: true}); err != nil && !hub.IsConflict(err) {
		log.Fatal(err)
	}
	_, err := client.Commit(ctx, repo, hub.CommitInput{
		Summary: "Add a card",
		Files:   []hub.CommitFile{hub.BytesFile("README.md", []byte("---\nlicense: mit\n---\n# Tiny\n"))},
	})
	if err != nil {
		log.Fatal(err)
	}
	info, err := client.RepoInfo(ctx, repo, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name, info.CardData["license"])
	// Output: demo/tiny mit
}

func ExampleClient_Commit_pullRequest() {
	client, stop := localHub()
	defer stop()
	ctx := context.Background()
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	if err := client.CreateRepo(ctx, repo, hub.CreateRepoOptions{}); err != nil {
		log.Fatal(err)
	}

	// A file of any size; large ones are streamed to the LFS store.
	weights, err := os.CreateTemp("", "weights")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(weights.Name())
	size, err := weights.WriteString("0123456789")
	if err != nil {
		log.Fatal(err)
	}
	made, err := client.Commit(ctx, repo, hub.CommitInput{
		Summary:     "Add weights",
		Description: "Converted from the checkpoint.",
		CreatePR:    true,
		Files: []hub.CommitFile{{
			Path: "model.safetensors", Size: int64(size), Open: func() (io.ReadCloser, error) { return os.Open(weights.Name()) },
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("pull request", made.PullRequestNum)
	// Output: pull request 1
}

func ExampleClient_Discussions() {
	client, stop := localHub()
	defer stop()
	ctx := context.Background()
	repo := hub.RepoRef{Type: hub.Dataset, Name: "demo/reviews"}
	if err := client.CreateRepo(ctx, repo, hub.CreateRepoOptions{}); err != nil {
		log.Fatal(err)
	}
	for _, title := range []string{"Which license?", "Typos in row 7"} {
		if _, err := client.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{Title: title, Description: "…"}); err != nil {
			log.Fatal(err)
		}
	}

	for discussion, err := range client.Discussions(ctx, repo, hub.DiscussionFilter{Status: "open"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("#%d %s\n", discussion.Num, discussion.Title)
	}
	// Output:
	// #2 Typos in row 7
	// #1 Which license?
}

// A write whose answer was lost may have happened. Whoever tries again looks first.
func ExampleIsAmbiguous() {
	client, stop := localHub()
	defer stop()
	ctx := context.Background()
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	if err := client.CreateRepo(ctx, repo, hub.CreateRepoOptions{}); err != nil {
		log.Fatal(err)
	}

	const title = "Weekly report"
	reported := func() bool {
		for discussion, err := range client.Discussions(ctx, repo, hub.DiscussionFilter{}) {
			if err != nil {
				log.Fatal(err)
			}
			if discussion.Title == title {
				return true
			}
		}
		return false
	}
	_, err := client.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{Title: title, Description: "All is well."})
	if hub.IsAmbiguous(err) && !reported() {
		_, err = client.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{Title: title, Description: "All is well."})
	}
	fmt.Println(err, reported())
	// Output: <nil> true
}

func ExampleError() {
	client, stop := localHub()
	defer stop()
	_, err := client.RepoInfo(context.Background(), hub.RepoRef{Type: hub.Model, Name: "demo/none"}, "")
	var answer *hub.Error
	if errors.As(err, &answer) {
		fmt.Println(answer.StatusCode, answer.Code, hub.IsNotFound(err), answer.RequestID != "")
	}
	// Output: 404 RepoNotFound true true
}

// Several clients of one token share what the Hub allows it.
func ExampleWithAllowance() {
	allowance := hub.NewAllowance()
	for range 2 {
		client, err := hub.New("", "hf_…", hub.WithAllowance(allowance))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(client, len(client.Budgets()))
	}
	// Output:
	// hub client of https://huggingface.co 0
	// hub client of https://huggingface.co 0
}
