package hub_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/hub"
)

func asError(err error, answer **hub.Error) bool { return errors.As(err, answer) }

func testRepository(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Dataset, hub.CreateRepoOptions{})
	info, err := c.client.RepoInfo(ctx, repo, "")
	c.must(err)
	if info.Name != repo.Name || info.ID == "" || !info.Private || info.SHA == "" || info.Author != c.me {
		c.Errorf("RepoInfo = %+v", info)
	}
	c.must(c.client.CheckAccess(ctx, repo, hub.AccessRead))
	c.must(c.client.CheckAccess(ctx, repo, hub.AccessWrite))
	found := false
	for listed, err := range c.client.Repos(ctx, hub.Dataset, hub.RepoFilter{Author: c.me, Limit: 5}) {
		c.must(err)
		found = found || listed.Name == repo.Name && listed.ID == info.ID
	}
	if !found {
		c.Error("the repository is not in the list of its owner")
	}
	yes, gate := true, hub.GateAuto
	c.must(c.client.UpdateRepo(ctx, repo, hub.RepoSettings{DiscussionsDisabled: &yes, Gated: &gate}))
	info, err = c.client.RepoInfo(ctx, repo, "")
	c.must(err)
	if !info.DiscussionsDisabled || !info.Gated {
		c.Errorf("after the settings changed: %+v", info)
	}
	moved := hub.RepoRef{Type: repo.Type, Name: repo.Name + "-moved"}
	c.must(c.client.MoveRepo(ctx, repo, moved.Name))
	old, err := c.client.RepoInfo(ctx, repo, "") // by a redirect
	c.must(err)
	if old.ID != info.ID || old.Name != moved.Name {
		c.Errorf("under its old name the repository is %s with id %s, want %s with %s", old.Name, old.ID, moved.Name, info.ID)
	}
	c.must(c.client.DeleteRepo(ctx, moved))
	if _, err := c.client.RepoInfo(ctx, moved, ""); !hub.IsNotFound(err) {
		c.Errorf("a deleted repository: %v", err)
	}
}

func testContent(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Model, hub.CreateRepoOptions{})
	first := c.commit(repo, map[string]string{
		"README.md": "---\nlicense: mit\ntags: [hfbot]\n---\n# Hi\n", "a.txt": "0123456789", "dir/b c.txt": "b", "dir/empty": "",
	})
	info, err := c.client.RepoInfo(ctx, repo, "")
	c.must(err)
	if info.SHA != first.OID || info.CardData["license"] != "mit" || !slices.Contains(info.Tags, "license:mit") ||
		!slices.Contains(info.Tags, "hfbot") || !slices.Contains(info.Siblings, "dir/b c.txt") {
		c.Errorf("RepoInfo = %+v, want commit %s and its card", info, first.OID)
	}
	facts, err := c.client.RepoFacts(ctx, repo, "", "cardData", "tags")
	c.must(err)
	if facts["id"] != repo.Name || facts["tags"] == nil || facts["cardData"] == nil || facts["siblings"] != nil {
		c.Errorf("RepoFacts = %v, want what was asked for only", facts)
	}
	sizes := map[string]int64{}
	for entry, err := range c.client.Tree(ctx, repo, first.OID) {
		c.must(err)
		sizes[entry.Type+" "+entry.Path] = entry.Size
	}
	for path, size := range map[string]int64{"file a.txt": 10, "file dir/b c.txt": 1, "file dir/empty": 0, "directory dir": 0} {
		if got, ok := sizes[path]; !ok || got != size {
			c.Errorf("the tree has %s with %d bytes (%v), want %d", path, got, ok, size)
		}
	}
	for entry, err := range c.client.Folder(ctx, repo, "", "dir") {
		c.must(err)
		if entry.LastCommit == nil || entry.LastCommit.ID != first.OID || entry.LastCommit.Title != "Change files" {
			c.Errorf("the last commit of %s is %+v", entry.Path, entry.LastCommit)
		}
	}
	file, err := c.client.FileInfo(ctx, repo, "main", "a.txt")
	c.must(err)
	if file.Commit != first.OID || file.Size != 10 || file.ETag != "ad471007bd7f5983d273b9584e5629230150fd54" {
		c.Errorf("FileInfo = %+v", file)
	}
	infos, err := c.client.PathsInfo(ctx, repo, "main", []string{"a.txt", "dir", "gone"})
	c.must(err)
	if len(infos) != 2 {
		c.Errorf("PathsInfo = %+v, want two", infos)
	}
	content, err := c.client.Download(ctx, repo, first.OID, "a.txt", 3, 4)
	c.must(err)
	if got, err := io.ReadAll(content); err != nil || string(got) != "3456" {
		c.Errorf("a part of a.txt is %q, %v", got, err)
	}
	c.must(content.Close())
	_, err = c.client.Download(ctx, repo, "", "gone", 0, -1)
	if !hub.IsNotFound(err) {
		c.Errorf("a missing file: %v", err)
	}
	second, err := c.client.Commit(ctx, repo, hub.CommitInput{
		Summary: "Remove", Description: "Not needed.", ParentCommit: first.OID,
		Files: []hub.CommitFile{{Path: "dir/", Delete: true}, {Path: "a.txt", Delete: true}},
	})
	c.must(err)
	_, err = c.client.Commit(ctx, repo, hub.CommitInput{
		Summary: "Too late", ParentCommit: first.OID, Files: []hub.CommitFile{hub.BytesFile("c", []byte("c"))},
	})
	if !hub.IsOutdated(err) || hub.IsAmbiguous(err) {
		c.Errorf("a commit on an old parent: %v, want that it is outdated", err)
	}
	var titles []string
	for commit, err := range c.client.Commits(ctx, repo, "") {
		c.must(err)
		titles = append(titles, commit.Title)
		if commit.ID == second.OID && (commit.Message != "Not needed." || !slices.Contains(commit.Authors, c.me)) {
			c.Errorf("the commit is %+v", commit)
		}
	}
	if count, err := c.client.CommitCount(ctx, repo, ""); err != nil || count != len(titles) {
		c.Errorf("CommitCount = %d, %v, want %d", count, err, len(titles))
	}
	if len(titles) < 2 || titles[0] != "Remove" || titles[1] != "Change files" {
		c.Errorf("the history is %q", titles)
	}
	moved, err := c.client.Commit(ctx, repo, hub.CommitInput{
		Summary: "Move", Files: []hub.CommitFile{{Path: "CARD.md", OldPath: "README.md"}},
	})
	c.must(err)
	infos, err = c.client.PathsInfo(ctx, repo, moved.OID, []string{"CARD.md", "README.md"})
	c.must(err)
	if len(infos) != 1 || infos[0].Path != "CARD.md" || infos[0].Size == 0 {
		c.Errorf("after the move there is %+v", infos)
	}
	diff, err := c.client.Compare(ctx, repo, first.OID, second.OID)
	c.must(err)
	if !strings.Contains(diff, "-0123456789") {
		c.Errorf("the difference is %q", diff)
	}
}

func testLargeContent(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Model, hub.CreateRepoOptions{})
	weights := make([]byte, 11<<20)
	source := rand.NewChaCha8([32]byte{2})
	if _, err := source.Read(weights); err != nil {
		c.Fatal(err)
	}
	sent := int64(0)
	in := hub.CommitInput{
		Summary: "Weights", Files: []hub.CommitFile{hub.BytesFile("w.bin", weights), hub.BytesFile("copy.bin", weights)},
		Progress: func(p hub.UploadProgress) { sent = p.Sent },
	}
	made, err := c.client.Commit(ctx, repo, in)
	c.must(err)
	if sent != int64(len(weights)) {
		c.Errorf("%d bytes were told to be sent, want %d", sent, len(weights))
	}
	infos, err := c.client.PathsInfo(ctx, repo, made.OID, []string{"w.bin"})
	c.must(err)
	if len(infos) != 1 || infos[0].LFS == nil || infos[0].LFS.SHA256 != sumOf(string(weights)) || infos[0].Size != 11<<20 {
		c.Fatalf("PathsInfo = %+v, want LFS content", infos)
	}
	file, err := c.client.OpenFile(ctx, repo, "main", "w.bin")
	c.must(err)
	defer file.Close()
	part := make([]byte, 1000)
	if _, err := file.ReadAt(part, 5<<20); err != nil || !bytes.Equal(part, weights[5<<20:5<<20+1000]) {
		c.Errorf("a part of w.bin is something else (%v)", err)
	}
	all, err := io.ReadAll(io.NewSectionReader(file, 0, file.Size()))
	if err != nil || !bytes.Equal(all, weights) {
		c.Errorf("w.bin is %d bytes of something else (%v)", len(all), err)
	}
	sent = 0
	in.Files = append(in.Files[:1], hub.BytesFile("small", []byte("x")))
	if _, err := c.client.Commit(ctx, repo, in); err != nil || sent != 0 {
		c.Errorf("the same content once more: %v, %d bytes sent", err, sent)
	}
}

func testRefs(c conformance) {
	ctx := c.Context()
	repo := c.repo(hub.Model, hub.CreateRepoOptions{})
	first := c.commit(repo, map[string]string{"a": "1"})
	c.commit(repo, map[string]string{"a": "2"})
	c.must(c.client.CreateBranch(ctx, repo, "feature/x", first.OID))
	if err := c.client.CreateBranch(ctx, repo, "feature/x", ""); !hub.IsConflict(err) {
		c.Errorf("a branch that is there: %v, want a conflict", err)
	}
	c.must(c.client.CreateTag(ctx, repo, "v1", first.OID, "One"))
	if err := c.client.CreateTag(ctx, repo, "v1", "", ""); !hub.IsConflict(err) {
		c.Errorf("a tag that is there: %v, want a conflict", err)
	}
	refs, err := c.client.Refs(ctx, repo)
	c.must(err)
	isFirst := func(name string) func(hub.Ref) bool {
		return func(r hub.Ref) bool { return r.Name == name && r.TargetCommit == first.OID }
	}
	if len(refs.Branches) != 2 || !slices.ContainsFunc(refs.Branches, isFirst("feature/x")) || len(refs.Tags) != 1 {
		c.Errorf("Refs = %+v", refs)
	}
	info, err := c.client.RepoInfo(ctx, repo, "v1")
	c.must(err)
	if info.SHA != first.OID {
		c.Errorf("v1 is %s, want %s", info.SHA, first.OID)
	}
	if _, err := c.client.RepoInfo(ctx, repo, "no-such-branch"); !hub.IsNotFound(err) {
		c.Errorf("a missing revision: %v", err)
	}
	c.must(c.client.ResetBranch(ctx, repo, "feature/x", ""))
	info, err = c.client.RepoInfo(ctx, repo, "feature/x")
	c.must(err)
	if info.SHA == first.OID {
		c.Error("the branch was not moved")
	}
	c.must(c.client.DeleteTag(ctx, repo, "v1"))
	c.must(c.client.DeleteBranch(ctx, repo, "feature/x"))
	refs, err = c.client.Refs(ctx, repo)
	c.must(err)
	if len(refs.Branches) != 1 || len(refs.Tags) != 0 {
		c.Errorf("after the deletions Refs = %+v", refs)
	}
	if err := c.client.DeleteBranch(ctx, repo, "main"); err == nil {
		c.Error("main can be deleted")
	}
}
