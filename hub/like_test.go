package hub_test

import (
	"net/http"
	"testing"

	"github.com/hfbot/hfbot/hub"
)

func TestLikes(t *testing.T) {
	t.Parallel()
	ctx, server := t.Context(), startLocal(t)
	ada := server.Client("ada")
	repo := hub.RepoRef{Type: hub.Space, Name: "ada/liked"}
	if err := ada.CreateRepo(ctx, repo, hub.CreateRepoOptions{SpaceSDK: "static"}); err != nil {
		t.Fatal(err)
	}
	press(t, http.MethodPost, server.URL()+repo.APIPath()+"/like", "hf_bob")
	var likers []string
	for user, err := range ada.Likers(ctx, repo) {
		if err != nil || user.ID == "" {
			t.Fatal(user, err)
		}
		likers = append(likers, user.Name)
	}
	var likes []hub.RepoRef
	for like, err := range ada.Likes(ctx, "bob") {
		if err != nil || like.At.IsZero() {
			t.Fatal(like, err)
		}
		likes = append(likes, like.Repo)
	}
	if len(likers) != 1 || likers[0] != "bob" || len(likes) != 1 || likes[0] != repo {
		t.Errorf("likers %v, likes %v", likers, likes)
	}
}
