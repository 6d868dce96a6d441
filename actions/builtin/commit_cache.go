package builtin

import (
	"path/filepath"
	"sync"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/hub/workspace"
)

// keptCommits is how much of fetched commits that no step uses is kept for the next one, in bytes.
const keptCommits = 256 << 20

// commitCaches are the caches of fetched commits, by the folder in which steps have their folders. They end with it.
var commitCaches sync.Map

// fetchedCommits is the cache that the steps of one bot share, so that many rules on one push fetch it once.
func fetchedCommits(rt *actions.Runtime) *workspace.Cache {
	beside := filepath.Dir(rt.Dir)
	cache, found := commitCaches.Load(beside)
	if !found {
		cache, _ = commitCaches.LoadOrStore(beside, workspace.NewCache(filepath.Join(beside, "commits"), keptCommits))
	}
	return cache.(*workspace.Cache)
}
