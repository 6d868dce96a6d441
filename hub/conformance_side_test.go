package hub_test

import (
	"bytes"
	"context"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

func testCollection(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Model, hub.CreateRepoOptions{})
	in := hub.CollectionInput{
		Namespace: c.me, Title: "Conformance " + strings.TrimPrefix(repo.Name, c.me+"/conformance-"), Description: "By a test.", Private: true,
	}
	made, err := c.client.CreateCollection(ctx, in)
	c.must(err)
	c.Cleanup(func() {
		if err := c.client.DeleteCollection(context.WithoutCancel(ctx), made.Slug); err != nil && !hub.IsNotFound(err) {
			c.Errorf("remove the collection: %v", err)
		}
	})
	if made.Owner != c.me || made.Title != in.Title || made.Description != in.Description || !made.Private || made.UpdatedAt.IsZero() {
		c.Errorf("CreateCollection = %+v", made)
	}
	c.must(c.client.AddToCollection(ctx, made.Slug, repo, "A note"))
	if err := c.client.AddToCollection(ctx, made.Slug, repo, ""); !hub.IsConflict(err) {
		c.Errorf("added twice: %v, want a conflict", err)
	}
	full, err := c.client.Collection(ctx, made.Slug)
	c.must(err)
	if len(full.Items) != 1 || full.Items[0].Name != repo.Name || full.Items[0].Type != "model" || full.Items[0].Note != "A note" {
		c.Fatalf("the collection has %+v", full.Items)
	}
	found := 0
	for listed, err := range c.client.Collections(ctx, hub.CollectionFilter{Owner: c.me, Item: "models/" + repo.Name}) {
		c.must(err)
		if listed.Slug == made.Slug {
			found++
		}
	}
	if found != 1 {
		c.Errorf("listed %d times", found)
	}
	c.must(c.client.RemoveFromCollection(ctx, made.Slug, full.Items[0].ID))
	if full, err = c.client.Collection(ctx, made.Slug); err != nil || len(full.Items) != 0 {
		c.Errorf("after the removal: %+v, %v", full, err)
	}
	c.must(c.client.DeleteCollection(ctx, made.Slug))
	if _, err := c.client.Collection(ctx, made.Slug); !hub.IsNotFound(err) {
		c.Errorf("a deleted collection: %v", err)
	}
}

func testLFSFiles(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Model, hub.CreateRepoOptions{})
	content := bytes.Repeat([]byte("w"), 3000)
	made, err := c.client.Commit(ctx, repo, hub.CommitInput{Summary: "Add weights", Files: []hub.CommitFile{
		hub.BytesFile(".gitattributes", []byte("*.bin filter=lfs diff=lfs merge=lfs -text\n")), hub.BytesFile("w.bin", content),
	}})
	c.must(err)
	var files []hub.LFSFile
	for file, err := range c.client.LFSFiles(ctx, repo) {
		c.must(err)
		files = append(files, file)
	}
	if len(files) != 1 || files[0].Path != "w.bin" || files[0].Size != 3000 || files[0].SHA256 != sumOf(string(content)) || files[0].PushedAt.IsZero() {
		c.Fatalf("LFSFiles = %+v", files)
	}
	c.must(c.client.DeleteLFSFile(ctx, repo, files[0].SHA256, true))
	for file, err := range c.client.LFSFiles(ctx, repo) {
		c.Errorf("after the removal: %+v, %v", file, err)
	}
	info, err := c.client.RepoInfo(ctx, repo, "")
	c.must(err)
	if info.SHA == made.OID {
		c.Error("the history was not rewritten")
	}
}

func testScheduledJob(c conformance) {
	ctx := c.Context()
	in := hub.ScheduledJobInput{
		Job:      hub.JobSpec{DockerImage: "alpine", Command: []string{"true"}, Flavor: "cpu-basic", Secrets: map[string]hub.Secret{"A": "b"}},
		Schedule: "0 6 1 1 *", Concurrent: true,
	}
	made, err := c.client.ScheduleJob(ctx, c.me, in)
	c.must(err)
	c.Cleanup(func() { _ = c.client.DeleteScheduledJob(context.WithoutCancel(ctx), c.me, made.ID) })
	if made.Owner != c.me || made.Schedule != in.Schedule || made.Suspended || !made.Concurrent || made.LastJob != "" ||
		made.NextJobAt.IsZero() || made.CreatedAt.IsZero() {
		c.Errorf("ScheduleJob = %+v", made)
	}
	c.must(c.client.SuspendScheduledJob(ctx, c.me, made.ID))
	if now, err := c.client.ScheduledJob(ctx, c.me, made.ID); err != nil || !now.Suspended {
		c.Errorf("suspended: %+v, %v", now, err)
	}
	c.must(c.client.ResumeScheduledJob(ctx, c.me, made.ID))
	job, err := c.client.RunScheduledJob(ctx, c.me, made.ID)
	c.must(err)
	now, err := c.client.ScheduledJob(ctx, c.me, made.ID)
	c.must(err)
	if now.Suspended || now.LastJob != job.ID || now.LastJobAt.IsZero() {
		c.Errorf("after it ran as %s: %+v", job.ID, now)
	}
	c.must(c.client.DeleteScheduledJob(ctx, c.me, made.ID))
	for each, err := range c.client.ScheduledJobs(ctx, c.me) {
		c.must(err)
		if each.ID == made.ID {
			c.Errorf("a deleted one is listed: %+v", each)
		}
	}
}
