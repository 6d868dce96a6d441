package builtin

import (
	"io"
	"path/filepath"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub/workspace"
)

// keptCommits is how much of fetched commits that no step uses is kept for the next one, in bytes.
const keptCommits = 256 << 20

// fetchedCommits is the cache that the steps of one bot share, so that many rules on one push fetch it once; nil where they
// share nothing.
func fetchedCommits(rt *actions.Runtime) *workspace.Cache {
	if rt.Shared == nil {
		return nil
	}
	return rt.Shared.Get("fetched commits", func() io.Closer {
		return workspace.NewCache(filepath.Join(filepath.Dir(rt.Dir), "commits"), keptCommits)
	}).(*workspace.Cache) // nobody else has the name
}
