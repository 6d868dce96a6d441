package hub_test

import (
	"fmt"

	"github.com/hfbot/hfbot/hub"
)

func ExampleParsePayload() {
	payload, err := hub.ParsePayload([]byte(`{
		"event": {"action": "update", "scope": "repo.content"},
		"repo": {"type": "model", "name": "acme-lab/tiny-sentiment", "shard": 7},
		"updatedRefs": [{"ref": "refs/pr/5", "oldSha": null, "newSha": "63fd8684b6071ab0d1a16fbec9c9ad8bb55c4c1e"}],
		"webhook": {"id": "66eb842dd6135a49c078a6cc", "version": 3}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, ref := range payload.UpdatedRefs {
		fmt.Println(payload.Repo.Ref(), ref.Ref, "created:", ref.OldSHA == "")
	}
	fmt.Printf("new to this package: repo.shard = %s\n", payload.Extra["repo.shard"])
	// Output:
	// model acme-lab/tiny-sentiment refs/pr/5 created: true
	// new to this package: repo.shard = 7
}
