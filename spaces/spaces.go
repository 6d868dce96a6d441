// Package spaces holds what is put on a Space of the Hub to run a bot there: template folders, each with the README
// whose front matter makes it a Docker Space, a Dockerfile, rules and settings.
package spaces

import (
	"embed"
	"io/fs"
)

//go:embed default
var folders embed.FS

// Default is the name of the template that is used when none is named.
const Default = "default"

// Template returns the files of a template by its name. An unknown name is an error that wraps fs.ErrNotExist.
func Template(name string) (fs.FS, error) {
	if _, err := fs.Stat(folders, name); err != nil {
		return nil, err
	}
	return fs.Sub(folders, name)
}
