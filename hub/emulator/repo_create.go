package emulator

import (
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"

	"github.com/hfbot/hfbot/hub"
)

// repoRoutes make, change and end repositories (https://huggingface.co/docs/hub/api).
func (s *Server) repoRoutes(e *echo.Echo) {
	e.POST("/api/repos/create", s.createRepo)
	e.DELETE("/api/repos/delete", s.deleteRepo)
	e.POST("/api/repos/move", s.moveRepo)
	e.PUT(apiRepo+"/settings", s.updateSettings)
	e.GET(apiRepo+"/auth-check", s.checkRead)
	e.GET(apiRepo+"/auth-check/write", s.checkWrite)
	e.GET(apiRepo, s.repoInfo)
	e.GET(apiRepo+"/revision/:rev", s.repoInfo)
	e.GET("/api/:type", s.listRepos)
	e.POST("/api/validate-yaml", s.validateYAML)
}

// repoName is one part of a repository's name.
var repoName = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?$`)

func validRepoName(name string) bool {
	return repoName.MatchString(name) && !strings.Contains(name, "--") && !strings.Contains(name, "..") &&
		!strings.HasSuffix(strings.ToLower(name), ".git")
}

type createRepoInput struct {
	Name         string       `json:"name"`
	Organization *string      `json:"organization"`
	Type         hub.RepoType `json:"type"`
	Visibility   string       `json:"visibility"`
	Private      bool         `json:"private"`
	SDK          string       `json:"sdk"`
	SDKVersion   string       `json:"sdkVersion"`
	Short        string       `json:"short_description"`
	License      string       `json:"license"`
	LicenseName  string       `json:"license_name"`
	LicenseLink  string       `json:"license_link"`
	spaceInput
	Files []struct {
		Path, Content, Encoding string
	} `json:"files"`
}

func (s *Server) createRepo(c echo.Context) error {
	who, err := s.require(c, mayManageRepos)
	if err != nil {
		return err
	}
	var in createRepoInput
	if err := decodeJSON(c, &in); err != nil {
		return err
	}
	r, err := s.newRepo(c, who, in)
	if err != nil {
		return err
	}
	files, err := firstFiles(in)
	if err != nil {
		return fail(c, http.StatusBadRequest, "", err.Error())
	}
	_, _, err = r.commitChanges(commitInput{
		message: "initial commit", author: who, changes: files, branch: mainBranch,
	})
	if err != nil {
		return commitFailure(c, err)
	}
	url := s.URL() + r.ref().WebPath()
	if err := s.repos.add(r); errors.Is(err, errNameTaken) {
		problem := "You already created this " + string(r.typ) + " repo"
		c.Response().Header().Set("X-Error-Message", problem)
		return c.JSON(http.StatusConflict, map[string]string{"error": problem, "url": url})
	}
	s.opts.Log("%s was created by %s", r.ref(), who.name)
	s.repoEvent(r, who, "create", "repo", nil)
	return c.JSON(http.StatusOK, map[string]string{"url": url, "name": r.ref().Name, "id": r.id})
}

// newRepo checks the wish for a repository and makes it, without entering it anywhere.
func (s *Server) newRepo(c echo.Context, who *account, in createRepoInput) (*repo, error) {
	if in.Type == "" {
		in.Type = hub.Model
	}
	namespace, name := who.name, in.Name
	if before, after, ok := strings.Cut(in.Name, "/"); ok {
		namespace, name = before, after
	}
	if in.Organization != nil && *in.Organization != "" {
		namespace = *in.Organization
	}
	_, known := webPrefixes[in.Type]
	owner := s.namespace(namespace, who)
	switch {
	case !known:
		return nil, fail(c, http.StatusBadRequest, "", "Invalid repo type \""+string(in.Type)+"\"")
	case !validRepoName(name):
		return nil, fail(c, http.StatusBadRequest, "", "Invalid repo name: \""+name+"\"")
	case owner == nil:
		return nil, fail(c, http.StatusForbidden, "", "You don't have the rights to create a "+string(in.Type)+
			" under the namespace \""+namespace+"\"")
	case in.Type == hub.Space && !slices.Contains(spaceSDKs, in.SDK):
		return nil, fail(c, http.StatusBadRequest, "", "\"sdk\" of a Space is one of "+strings.Join(spaceSDKs, ", "))
	case in.Visibility == "protected" && in.Type != hub.Space:
		return nil, fail(c, http.StatusBadRequest, "", "Only Spaces can be protected")
	}
	if err := in.check(in.Type); err != nil {
		return nil, fail(c, http.StatusBadRequest, "", err.Error())
	}
	now := time.Now()
	made := &repo{
		id: newID(), typ: in.Type, name: owner.name + "/" + name, owner: owner, creator: who, createdAt: now, updatedAt: now,
		private: in.Private || in.Visibility == "private" || in.Visibility == "protected", spaceSDK: in.SDK, git: newGitStore(),
	}
	in.setUp(&made.space)
	s.keepOnDisk(made)
	return made, nil
}

// firstFiles are the content of the first commit: the Hub's rules for LFS, and what the caller asked for.
func firstFiles(in createRepoInput) ([]change, error) {
	changes := []change{{path: ".gitattributes", content: []byte(defaultAttributes)}}
	if in.Type == hub.Space || in.License != "" {
		changes = append(changes, change{path: "README.md", content: firstCard(in)})
	}
	for _, file := range in.Files {
		content := []byte(file.Content)
		if file.Encoding == "base64" {
			var err error
			if content, err = base64.StdEncoding.DecodeString(file.Content); err != nil {
				return nil, errors.New("the content of " + file.Path + " is not base64")
			}
		}
		changes = append(changes, change{path: file.Path, content: content})
	}
	return changes, nil
}

// firstCard is the README.md of a new repository that has something to say in it.
func firstCard(in createRepoInput) []byte {
	var card strings.Builder
	card.WriteString("---\n")
	if in.Type == hub.Space {
		_, name, _ := strings.Cut("/"+in.Name, "/")
		writeYAML(&card, "title", name)
		writeYAML(&card, "sdk", in.SDK)
		writeYAML(&card, "sdk_version", in.SDKVersion)
		writeYAML(&card, "short_description", in.Short)
	}
	writeYAML(&card, "license", in.License)
	writeYAML(&card, "license_name", in.LicenseName)
	writeYAML(&card, "license_link", in.LicenseLink)
	card.WriteString("---\n")
	return []byte(card.String())
}

// writeYAML writes one line of a card, quoted where YAML needs it.
func writeYAML(card *strings.Builder, key, value string) {
	if value == "" {
		return
	}
	text, err := yaml.Marshal(map[string]string{key: value})
	if err == nil { // text cannot fail
		card.Write(text)
	}
}
