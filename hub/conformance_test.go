package hub_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

// TestConformance is what the client promises, against a Hub that is there. That is the local Hub, and besides the one
// that HFBOT_TEST_HUB names (such as https://huggingface.co), with the token in HFBOT_TEST_TOKEN, which needs the right
// to write. All that is made there is private, has a random name and is removed again.
func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		server, err := emulator.New(emulator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Start(t.Context(), "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		testConformance(t, server.Client("demo"))
	})
	if endpoint := os.Getenv("HFBOT_TEST_HUB"); endpoint != "" {
		t.Run("remote", func(t *testing.T) {
			client, err := hub.New(endpoint, hub.Secret(os.Getenv("HFBOT_TEST_TOKEN")))
			if err != nil {
				t.Fatal(err)
			}
			testConformance(t, client)
		})
	}
}

// conformance is a Hub that is tested, and the account that tests it.
type conformance struct {
	*testing.T
	client *hub.Client
	me     string
}

func testConformance(t *testing.T, client *hub.Client) {
	me, err := client.WhoAmI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if me.Name == "" || me.ID == "" || me.Auth.AccessToken.Role == "" {
		t.Errorf("WhoAmI = %+v, want a name, an id and the token's role", me)
	}
	parts := map[string]func(conformance){
		"account":       testAccount,
		"repository":    testRepository,
		"content":       testContent,
		"large content": testLargeContent,
		"refs":          testRefs,
		"discussion":    testDiscussion,
		"pull request":  testPullRequest,
		"webhook":       testWebhook,
		"space":         testSpace,
		"card":          testCard,
		"collection":    testCollection,
		"LFS files":     testLFSFiles,
		"scheduled job": testScheduledJob,
		"failures":      testFailures,
	}
	for name, part := range parts {
		t.Run(name, func(t *testing.T) { part(conformance{t, client, me.Name}) })
	}
}

// must ends the test with an error.
func (c conformance) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// repo makes a repository that ends with the test. Models and datasets begin with a README.md.
func (c conformance) repo(kind hub.RepoType, opts hub.CreateRepoOptions) hub.RepoRef {
	c.Helper()
	opts.Private = true
	repo := hub.RepoRef{Type: kind, Name: c.me + "/conformance-" + strings.ToLower(rand.Text()[:12])}
	c.must(c.client.CreateRepo(c.Context(), repo, opts))
	c.Cleanup(func() {
		if err := c.client.DeleteRepo(context.WithoutCancel(c.Context()), repo); err != nil && !hub.IsNotFound(err) {
			c.Errorf("remove %s: %v", repo, err)
		}
	})
	return repo
}

// commit commits small files on main.
func (c conformance) commit(repo hub.RepoRef, files map[string]string) *hub.CommitResult {
	c.Helper()
	in := hub.CommitInput{Summary: "Change files"}
	for path, content := range files {
		in.Files = append(in.Files, hub.BytesFile(path, []byte(content)))
	}
	made, err := c.client.Commit(c.Context(), repo, in)
	c.must(err)
	return made
}

func testAccount(c conformance) {
	user, err := c.client.User(c.Context(), c.me)
	c.must(err)
	if user.Name != c.me || user.ID == "" {
		c.Errorf("User(%s) = %+v", c.me, user)
	}
	byID, err := c.client.User(c.Context(), user.ID)
	c.must(err)
	if byID.Name != c.me {
		c.Errorf("User(%s) is %s, want %s", user.ID, byID.Name, c.me)
	}
	if role, err := c.client.RoleIn(c.Context(), c.me, user.ID); err != nil || role != hub.RoleAdmin {
		c.Errorf("the role in the own namespace is %q, %v", role, err)
	}
	if role, err := c.client.RoleIn(c.Context(), c.me, "no-such-user-of-hfbot"); err != nil || role != hub.RoleNone {
		c.Errorf("a stranger's role is %q, %v", role, err)
	}
}

func testCard(c conformance) {
	good, err := c.client.ValidateCard(c.Context(), hub.Model, "---\nlicense: mit\n---\n# Hi\n")
	c.must(err)
	if len(good.Errors) > 0 {
		c.Errorf("a good card has errors: %v", good.Errors)
	}
	bad, err := c.client.ValidateCard(c.Context(), hub.Model, "---\nlicense: [mit\n---\n# Hi\n")
	c.must(err)
	if len(bad.Errors) == 0 {
		c.Error("a broken card has no errors")
	}
}

func testFailures(c conformance) {
	missing := hub.RepoRef{Type: hub.Model, Name: c.me + "/no-such-repository-of-hfbot"}
	_, err := c.client.RepoInfo(c.Context(), missing, "")
	if !hub.IsNotFound(err) || hub.IsForbidden(err) {
		c.Errorf("a missing repository: %v", err)
	}
	var answer *hub.Error
	if !asError(err, &answer) || answer.RequestID == "" || answer.Message == "" {
		c.Errorf("the error has no request id or no message: %+v", answer)
	}
	if exists, err := c.client.RepoExists(c.Context(), missing); err != nil || exists {
		c.Errorf("a missing repository exists: %v, %v", exists, err)
	}
	stranger, err := hub.New(c.client.Endpoint(), "hf_not_a_token")
	c.must(err)
	if _, err := stranger.WhoAmI(c.Context()); !hub.IsForbidden(err) || strings.Contains(err.Error(), "not_a_token") {
		c.Errorf("a wrong token: %v", err)
	}
	repo := c.repo(hub.Model, hub.CreateRepoOptions{})
	if err := c.client.CreateRepo(c.Context(), repo, hub.CreateRepoOptions{Private: true}); !hub.IsConflict(err) {
		c.Errorf("a repository that is there: %v, want a conflict", err)
	}
	anonymous, err := hub.New(c.client.Endpoint(), "")
	c.must(err)
	if _, err := anonymous.RepoInfo(c.Context(), repo, ""); !hub.IsNotFound(err) {
		c.Errorf("a private repository, seen by nobody: %v, want that it is not found", err)
	}
}
