package emulator

import (
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

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
	License      string       `json:"license"`
	Files        []struct {
		Path, Content, Encoding string
	} `json:"files"`
}

func (s *Server) createRepo(c echo.Context) error {
	who, err := s.requireCaller(c)
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
	answer := map[string]any{"url": s.URL() + r.ref().WebPath(), "name": r.ref().Name, "id": r.id}
	if err := s.repos.add(r); errors.Is(err, errNameTaken) {
		answer["error"] = "You already created this " + string(r.typ) + " repo"
		c.Response().Header().Set("X-Error-Message", answer["error"].(string))
		return c.JSON(http.StatusConflict, answer)
	}
	s.opts.Log("%s was created by %s", r.ref(), who.name)
	s.repoEvent(r, who, "create", "repo", nil)
	return c.JSON(http.StatusOK, answer)
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
	switch {
	case !known:
		return nil, fail(c, http.StatusBadRequest, "", "Invalid repo type \""+string(in.Type)+"\"")
	case !validRepoName(name):
		return nil, fail(c, http.StatusBadRequest, "", "Invalid repo name: \""+name+"\"")
	case !strings.EqualFold(namespace, who.name):
		return nil, fail(c, http.StatusForbidden, "", "You don't have the rights to create a "+string(in.Type)+
			" under the namespace \""+namespace+"\"")
	case in.Type == hub.Space && in.SDK == "":
		return nil, fail(c, http.StatusBadRequest, "", "\"sdk\" is required for a Space")
	}
	now := time.Now()
	return &repo{
		id: newID(), typ: in.Type, name: who.name + "/" + name, owner: who, createdAt: now, updatedAt: now,
		private: in.Private || in.Visibility == "private", spaceSDK: in.SDK, git: newGitStore(),
	}, nil
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
		card.WriteString("title: " + in.Name + "\nsdk: " + in.SDK + "\n")
	}
	if in.License != "" {
		card.WriteString("license: " + in.License + "\n")
	}
	card.WriteString("---\n")
	return []byte(card.String())
}
