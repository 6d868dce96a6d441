package hub

import (
	"fmt"
	"io"
	"io/fs"
	"path"
)

// FolderFiles makes a [CommitFile] of each regular file in a folder, such as os.DirFS("out"), to be committed below a path
// of the repository (empty: the top). Links and folders named .git are left out. Contents are read when they are sent.
func FolderFiles(folder fs.FS, below string) ([]CommitFile, error) {
	var files []CommitFile
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files = append(files, CommitFile{
			Path: path.Join(below, name), Size: info.Size(), Open: func() (io.ReadCloser, error) { return folder.Open(name) },
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("hub: list the folder's files: %w", err)
	}
	return files, nil
}
