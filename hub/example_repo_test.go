package hub_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"testing/fstest"

	"github.com/hfbot/hfbot/hub"
)

func ExampleClient_RepoInfo() {
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	client, stop := localRepo(repo)
	defer stop()

	info, err := client.RepoInfo(context.Background(), repo, "main")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Name, info.Author, len(info.SHA), info.Private)
	// Output: demo/tiny demo 40 false
}

// Pages are fetched as they are needed; whoever stops early makes no more calls.
func ExampleClient_Repos() {
	client, stop := localRepo(hub.RepoRef{Type: hub.Dataset, Name: "demo/reviews"})
	defer stop()

	for repo, err := range client.Repos(context.Background(), hub.Dataset, hub.RepoFilter{Author: "demo", Sort: "lastModified"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(repo.Name)
	}
	// Output: demo/reviews
}

// Five bytes from the third on. LFS content is read in the same way.
func ExampleClient_Download() {
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	client, stop := localRepo(repo)
	defer stop()

	body, err := client.Download(context.Background(), repo, "main", "README.md", 2, 5)
	if err != nil {
		log.Fatal(err)
	}
	defer body.Close()
	part, err := io.ReadAll(body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", part)
	// Output: "Tiny"
}

// A large file is read here and there without being downloaded, as archives and safetensors headers want it.
func ExampleClient_OpenFile() {
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	client, stop := localRepo(repo)
	defer stop()

	file, err := client.OpenFile(context.Background(), repo, "main", "README.md")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, file.Size()-1); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s of %d bytes\n", last, file.Size())
	// Output: y of 6 bytes
}

// Several files in one commit, which fails when somebody else was faster.
func ExampleClient_Commit() {
	repo := hub.RepoRef{Type: hub.Model, Name: "demo/tiny"}
	client, stop := localRepo(repo)
	defer stop()
	ctx := context.Background()

	info, err := client.RepoInfo(ctx, repo, "main")
	if err != nil {
		log.Fatal(err)
	}
	in := hub.CommitInput{
		Summary: "Add a config, rename the card", ParentCommit: info.SHA,
		Files: []hub.CommitFile{
			hub.BytesFile("config.json", []byte("{}")),
			{OldPath: "README.md", Path: "docs/README.md"},
		},
	}
	made, err := client.Commit(ctx, repo, in)
	if err != nil {
		log.Fatal(err)
	}
	_, again := client.Commit(ctx, repo, in)
	fmt.Println(len(made.OID), hub.IsOutdated(again))
	// Output: 40 true
}

// A folder is committed at once; large files go to the LFS store.
func ExampleFolderFiles() {
	repo := hub.RepoRef{Type: hub.Dataset, Name: "demo/reviews"}
	client, stop := localRepo(repo)
	defer stop()
	ctx := context.Background()

	folder := fstest.MapFS{"train.csv": {Data: []byte("a,b\n")}, "test/one.csv": {Data: []byte("c,d\n")}} // or os.DirFS("out")
	files, err := hub.FolderFiles(folder, "data")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Commit(ctx, repo, hub.CommitInput{Summary: "Add data", Files: files}); err != nil {
		log.Fatal(err)
	}
	size, err := client.TreeSize(ctx, repo, "main", "data")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(files), "files,", size, "bytes")
	// Output: 2 files, 8 bytes
}
