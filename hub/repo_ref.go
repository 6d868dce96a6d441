package hub

import (
	"net/url"
	"strings"
)

// RepoType is the kind of a repository. The set is open: the Hub adds kinds (bucket, kernel) from time to time.
type RepoType string

// The repository kinds that hold git content and have an API of their own.
const (
	Model   RepoType = "model"
	Dataset RepoType = "dataset"
	Space   RepoType = "space"
)

// DefaultRevision is the branch that an empty revision stands for.
const DefaultRevision = "main"

// RepoRef names a repository: its kind and its full name, "namespace/name".
type RepoRef struct {
	Type RepoType
	Name string
}

// APIPath is the repository's place under the endpoint's API, such as "/api/models/acme/tiny".
func (r RepoRef) APIPath() string {
	return "/api/" + url.PathEscape(string(r.Type)) + "s/" + escapePath(r.Name)
}

// WebPath is the repository's page and git path: "/acme/tiny" for models, "/datasets/acme/tiny" for the rest.
func (r RepoRef) WebPath() string {
	if r.Type == Model {
		return "/" + escapePath(r.Name)
	}
	return "/" + url.PathEscape(string(r.Type)) + "s/" + escapePath(r.Name)
}

// String is "model acme/tiny", for logs and errors.
func (r RepoRef) String() string { return string(r.Type) + " " + r.Name }

// split returns the namespace, empty for a name without one, and the name in it.
func (r RepoRef) split() (namespace, name string) {
	namespace, name, found := strings.Cut(r.Name, "/")
	if !found {
		return "", r.Name
	}
	return namespace, name
}

// escapePath escapes a slash-separated path segment by segment. Segments of dots are escaped too, so that no server
// or proxy on the way takes them for steps to another folder.
func escapePath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = escapeSegment(segment)
	}
	return strings.Join(segments, "/")
}

// escapeSegment escapes text to be one segment of a path, slashes included.
func escapeSegment(segment string) string {
	if segment == "." || segment == ".." {
		return strings.ReplaceAll(segment, ".", "%2E")
	}
	return url.PathEscape(segment)
}

// escapeRevision escapes a revision, which is one segment: "refs/pr/3" is "refs%2Fpr%2F3".
func escapeRevision(revision string) string {
	if revision == "" {
		revision = DefaultRevision
	}
	return escapeSegment(revision)
}
