package emulator

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

//go:embed pages
var pageFiles embed.FS

// pageFunctions are what the templates can call.
var pageFunctions = template.FuncMap{
	"when": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") },
}

// parsePage reads a page in the layout that all share.
func parsePage(name string) *template.Template {
	return template.Must(template.New(name).Funcs(pageFunctions).ParseFS(pageFiles, "pages/layout.html", "pages/"+name))
}

// pageRoutes serve what the pages need.
func (s *Server) pageRoutes(e *echo.Echo) {
	e.GET("/", s.showRepos)
	e.GET("/assets/style.css", func(c echo.Context) error {
		text, err := pageFiles.ReadFile("pages/style.css")
		if err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "text/css; charset=utf-8", text)
	})
}

// pagePolicy lets pages load nothing but this server's style sheet and pictures.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

// showPage answers with a page. All text in it is escaped: most of it is written by strangers.
func showPage(c echo.Context, page *template.Template, data any) error {
	var text bytes.Buffer
	if err := page.ExecuteTemplate(&text, "layout", data); err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	return c.HTMLBlob(http.StatusOK, text.Bytes())
}
