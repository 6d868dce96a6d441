package emulator

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hfbot/hfbot/hub"
)

// spaceHost is the host name that a Space is served at.
func (s *Server) spaceHost(name string) string {
	if s.opts.SpaceHost != nil {
		if host := s.opts.SpaceHost(name); host != "" {
			return host
		}
	}
	return spaceSubdomain(name) + ".hf.space"
}

// SpaceEnvironment is what the variables and secrets of a Space put into the environment of its app, as NAME=value. It
// is for who runs the app in the place of the Hub; over HTTP nobody gets to see a secret.
func (s *Server) SpaceEnvironment(name string) ([]string, error) {
	r, _ := s.repos.find(hub.RepoRef{Type: hub.Space, Name: name})
	if r == nil {
		return nil, fmt.Errorf("there is no Space %s", name)
	}
	all := r.space.settings(false)
	if all == nil {
		all = map[string]spaceSetting{}
	}
	maps.Copy(all, r.space.settings(true))
	var env []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		env = append(env, key+"="+all[key].value)
	}
	return env, nil
}
