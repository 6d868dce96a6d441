package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

var (
	reposPage = parsePage("repos.html")
	repoPage  = parsePage("repo.html")
	talksPage = parsePage("talks.html")
	talkPage  = parsePage("talk.html")
)

// repoPages let a person look at a repository and what was said about it. They only show.
func (s *Server) repoPages(web *echo.Group) {
	web.GET("", s.showRepoPage)
	web.GET("/discussions", s.showTalks)
	web.GET("/discussions/:num", s.showTalk)
}

// showRepos lists the repositories that everybody may see.
func (s *Server) showRepos(c echo.Context) error {
	type row struct {
		Path, Name string
		Type       hub.RepoType
		Updated    time.Time
	}
	var rows []row
	for _, r := range s.repos.everything() {
		if state := r.state(); state.readableBy(nil) {
			rows = append(rows, row{r.ref().WebPath(), state.name, r.typ, state.updatedAt})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return b.Updated.Compare(a.Updated) })
	return showPage(c, reposPage, map[string]any{"Title": "Repositories", "Repos": rows[:min(len(rows), 500)]})
}

// pageRepo finds the repository of a page. Pages have no login: private repositories are for tools with a token.
func (s *Server) pageRepo(c echo.Context) (*repo, map[string]any, error) {
	r, _, err := s.repoFor(c, false)
	if err != nil {
		return nil, nil, err
	}
	ref := r.ref()
	return r, map[string]any{"Title": ref.Name, "Name": ref.Name, "Type": ref.Type, "Path": ref.WebPath()}, nil
}

type pageFile struct {
	Path, Href string
	Size       int64
	LFS        bool
}

type pageCommit struct {
	ID, Title, Author string
	When              time.Time
}

func (s *Server) showRepoPage(c echo.Context) error {
	r, page, err := s.pageRepo(c)
	if err != nil {
		return err
	}
	const most = 500
	head, _ := r.head(mainBranch)
	files, err := r.files(head)
	if err != nil {
		return err
	}
	var shown []pageFile
	for _, path := range sortedPaths(files)[:min(len(files), most)] {
		entry := r.fileEntry(path, files[path])
		href := r.ref().WebPath() + "/resolve/main/" + (&url.URL{Path: path}).EscapedPath()
		shown = append(shown, pageFile{path, href, entry.Size, entry.LFS != nil})
	}
	var commits []pageCommit
	if history, err := r.history(head); err == nil { // an empty repository has none
		for _, each := range history[:min(len(history), 20)] {
			title, _, _ := strings.Cut(each.Message, "\n")
			commits = append(commits, pageCommit{each.Hash.String()[:7], title, each.Author.Name, each.Committer.When})
		}
	}
	_, _, tags := r.now()
	page["Files"], page["Commits"], page["Tags"] = shown, commits, tags
	page["Clone"], page["Talks"] = s.URL()+r.ref().WebPath(), len(r.talk.rows())
	return showPage(c, repoPage, page)
}

// talkRow is a discussion in a list.
type talkRow struct {
	Num                   int
	Title, Author, Status string
	Pull                  bool
}

func (d *discussion) row() talkRow {
	return talkRow{d.num, d.title, d.author.name, d.status, d.pull != nil}
}

// rows lists the discussions, newest first.
func (t *talk) rows() (rows []talkRow) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range slices.Backward(t.all) {
		rows = append(rows, d.row())
	}
	return rows
}

func (s *Server) showTalks(c echo.Context) error {
	r, page, err := s.pageRepo(c)
	if err != nil {
		return err
	}
	rows := r.talk.rows()
	page["Talks"] = rows[:min(len(rows), 500)]
	return showPage(c, talksPage, page)
}

type pageEvent struct {
	ID, Author, What, Text string
	Edited                 bool
	When                   time.Time
}

func (e *discussionEvent) page() pageEvent {
	shown := pageEvent{ID: e.id, Author: e.author.name, When: e.created}
	switch {
	case e.comment != nil && e.comment.hiddenBy != "":
		shown.What = "wrote a comment that " + e.comment.hiddenBy + " has hidden"
	case e.comment != nil && e.comment.text == "":
		shown.What = "opened this without a description"
	case e.comment != nil:
		shown.Text, shown.Edited = e.comment.text, e.comment.edits > 0
	case e.kind == "commit":
		shown.What = fmt.Sprintf("committed %.7v: %v", e.data["oid"], e.data["subject"])
	case e.kind == "status-change":
		shown.What = fmt.Sprintf("changed the status to %v", e.data["status"])
	case e.kind == "title-change":
		shown.What = fmt.Sprintf("renamed this to %v", e.data["to"])
	default:
		shown.What = e.kind
	}
	return shown
}

func (s *Server) showTalk(c echo.Context) error {
	r, page, err := s.pageRepo(c)
	if err != nil {
		return err
	}
	var num int
	if _, err := fmt.Sscan(c.Param("num"), &num); err != nil {
		return fail(c, http.StatusNotFound, "", "There is no discussion of this number")
	}
	at := place{repo: r, ref: r.ref(), num: num, links: s.discussionLinks(r.ref())}
	var view discussionView
	var events []pageEvent
	err = r.talk.with(num, func(d *discussion) error {
		view = d.view(at.ref)
		page["Talk"] = d.row()
		for _, e := range d.events {
			events = append(events, e.page())
		}
		return nil
	})
	if err != nil {
		return err
	}
	if view.pullRequestView != nil {
		if err := at.comparePullRequest(view.pullRequestView, true); err != nil {
			return err
		}
		page["Diff"] = diffLines(view.Diff)
	}
	page["Events"], page["Title"] = events, view.Title
	return showPage(c, talkPage, page)
}

type diffLine struct{ Kind, Text string }

// diffLines colours a diff; what is very long is cut.
func diffLines(diff string) (lines []diffLine) {
	const most = 2000
	for line := range strings.SplitSeq(strings.TrimSuffix(diff, "\n"), "\n") {
		kind := "same"
		switch {
		case strings.HasPrefix(line, "+") && !strings.HasPrefix(line, "+++"):
			kind = "add"
		case strings.HasPrefix(line, "-") && !strings.HasPrefix(line, "---"):
			kind = "del"
		case strings.HasPrefix(line, "@@") || strings.HasPrefix(line, "diff "):
			kind = "hunk"
		}
		if lines = append(lines, diffLine{kind, line}); len(lines) >= most {
			return append(lines, diffLine{"hunk", "… and more"})
		}
	}
	return lines
}
