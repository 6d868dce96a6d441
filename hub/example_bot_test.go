package hub_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

func ExampleClient_Comment() {
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	client, stop := localRepo(repo)
	defer stop()
	ctx := context.Background()

	opened, err := client.CreateDiscussion(ctx, repo, hub.CreateDiscussionInput{Title: "Which license?", Description: "I see none."})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Comment(ctx, repo, opened.Num, "MIT, the card says so **now**."); err != nil {
		log.Fatal(err)
	}
	if err := client.SetDiscussionStatus(ctx, repo, opened.Num, "closed", ""); err != nil {
		log.Fatal(err)
	}
	discussion, err := client.Discussion(ctx, repo, opened.Num)
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range discussion.Events {
		fmt.Println(event.Type, event.Author, event.Content)
	}
	// Output:
	// comment demo I see none.
	// comment demo MIT, the card says so **now**.
	// status-change demo
}

// The webhook tells a bot of everything in the repositories of a user or organisation.
func ExampleClient_CreateWebhook() {
	client, stop := localHub()
	defer stop()

	webhook, err := client.CreateWebhook(context.Background(), hub.WebhookInput{
		URL:     "https://bot.example.org/webhook",
		Secret:  "a long random text", // comes back in the header X-Webhook-Secret
		Watched: []hub.Watched{{Type: "user", Name: "demo"}},
		Domains: []string{hub.DomainRepo, hub.DomainDiscussion},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(webhook.URL, webhook.Watched, webhook.HasSecret, webhook.Disabled == "")
	// Output: https://bot.example.org/webhook [{user demo}] true true
}

// A Space with its secret and its files, and a wait until it runs.
func ExampleClient_WaitForSpace() {
	client, stop := localHub()
	defer stop()
	ctx := context.Background()
	space := hub.RepoRef{Type: hub.Space, Name: "demo/app"}

	if err := client.CreateRepo(ctx, space, hub.CreateRepoOptions{SpaceSDK: "docker"}); err != nil {
		log.Fatal(err)
	}
	if err := client.SetSpaceSecret(ctx, space, "HF_TOKEN", "hf_…"); err != nil {
		log.Fatal(err)
	}
	_, err := client.Commit(ctx, space, hub.CommitInput{
		Summary: "Add the app", Files: []hub.CommitFile{hub.BytesFile("Dockerfile", []byte("FROM scratch\n"))},
	})
	if err != nil {
		log.Fatal(err)
	}
	runtime, err := client.WaitForSpace(ctx, space, nil, hub.StageRunning)
	if err != nil {
		log.Fatal(err) // a *hub.SpaceFailedError when it cannot be built
	}
	fmt.Println(runtime.Stage)
	// Output: RUNNING
}

func ExampleClient_RunJob() {
	client, stop := localHub(runHello)
	defer stop()
	ctx := context.Background()

	job, err := client.RunJob(ctx, "demo", hub.JobSpec{
		DockerImage: "python:3.12", Command: []string{"python", "-c", "print('hello')"}, Flavor: "cpu-basic", TimeoutSeconds: 600,
	})
	if err != nil {
		log.Fatal(err)
	}
	for line, err := range client.JobLogs(ctx, "demo", job.ID, hub.LogOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(line.Text)
	}
	job, err = client.WaitForJob(ctx, "demo", job.ID, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(job.Stage)
	// Output:
	// hello
	// COMPLETED
}

// runHello stands for the machines of the Hub.
func runHello(o *emulator.Options) {
	o.RunJob = func(_ context.Context, _ emulator.JobProcess, say func(string)) error {
		say("hello")
		return nil
	}
}
