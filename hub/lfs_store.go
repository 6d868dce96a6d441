package hub

import "context"

// Store uploads what the Hub wants by LFS ahead of the commit that will name it, so that the content of a large file
// need not be kept until then. It returns the files for that commit, those that are uploaded with Stored set, and the
// paths that the repository's .gitignore names. What no commit names the Hub removes some day.
func (c *Client) Store(ctx context.Context, repo RepoRef, in CommitInput) (files []CommitFile, ignored []string, err error) {
	if c.readOnly {
		return nil, nil, ErrReadOnly
	}
	modes, err := c.preupload(ctx, repo, in)
	if err != nil {
		return nil, nil, err
	}
	var uploads []lfsUpload
	for _, file := range in.Files {
		switch {
		case file.Delete || file.Stored:
		case modes[file.Path] == modeIgnore:
			ignored = append(ignored, file.Path)
			continue
		case modes[file.Path] == modeLFS:
			if file.SHA256, err = file.hash(ctx); err != nil {
				return nil, nil, err
			}
			uploads = append(uploads, lfsUpload{file, file.SHA256, in.Progress})
			file.Stored = true
		}
		files = append(files, file)
	}
	return files, ignored, c.uploadLFS(ctx, repo, in, uploads)
}
