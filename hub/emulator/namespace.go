package emulator

import "github.com/hfbot/hfbot/hub"

// namespace is the account under whose name who may make repositories: its own, or an organisation that lets it. It is
// nil when there is none of that name.
func (s *Server) namespace(name string, who *account) *account {
	owner := s.accounts.named(name)
	if owner == nil {
		return nil
	}
	switch owner.roleOf(who) {
	case roleAdmin, roleWrite, roleContributor:
		return owner
	}
	return nil
}

// repoCounts is how many repositories an account has.
type repoCounts struct{ models, datasets, spaces int }

// countRepos counts those that viewer may see.
func (s *Server) countRepos(owner, viewer *account) repoCounts {
	count := func(typ hub.RepoType) (n int) {
		for _, r := range s.repos.all(typ) {
			if state := r.state(); state.owner == owner && state.readableBy(viewer) {
				n++
			}
		}
		return n
	}
	return repoCounts{count(hub.Model), count(hub.Dataset), count(hub.Space)}
}
