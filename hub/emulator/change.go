package emulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// change is what a commit does to one path. Exactly one of content, lfs, from and remove rules it.
type change struct {
	path    string
	content []byte   // the new content of a regular file
	lfs     *pointer // the new content of an LFS file
	from    string   // rename from there; content or lfs may replace what is moved
	remove  removal
}

type removal int

const (
	keep removal = iota
	removeFolder
	removeEntry // a file or a folder
)

// maxRegularFile is the size above which a file has to go to LFS (https://huggingface.co/docs/hub/storage-limits).
const maxRegularFile = 10 << 20

// applyChanges edits a list of files.
func (r *repo) applyChanges(files map[string]treeFile, changes []change) error {
	for _, each := range changes {
		each.path = strings.TrimSuffix(each.path, "/")
		if err := checkPath(each.path); err != nil {
			return &refusal{status: http.StatusUnprocessableEntity, message: err.Error()}
		}
		var err error
		if each.remove != keep {
			err = removeFrom(files, each)
		} else {
			err = r.putInto(files, each)
		}
		if err != nil {
			return err
		}
	}
	if clashes := filesUnderFiles(files); len(clashes) > 0 {
		return reject(fmt.Sprintf("%q would be a file and a folder at once", clashes[0]))
	}
	return r.coverByAttributes(files, changes)
}

func removeFrom(files map[string]treeFile, each change) error {
	_, isFile := files[each.path]
	if isFile && each.remove != removeFolder {
		delete(files, each.path)
		return nil
	}
	before := len(files)
	maps.DeleteFunc(files, func(path string, _ treeFile) bool { return strings.HasPrefix(path, each.path+"/") })
	if len(files) == before {
		return missingFile(each.path)
	}
	return nil
}

func missingFile(path string) error {
	return &refusal{
		status: http.StatusNotFound, code: codeEntryNotFound,
		message: fmt.Sprintf("A file with this name doesn't exist: %q", path),
	}
}

func (r *repo) putInto(files map[string]treeFile, each change) error {
	file := treeFile{mode: filemode.Regular}
	if was, ok := files[each.path]; ok && was.mode == filemode.Executable {
		file.mode = was.mode
	}
	if each.from != "" {
		moved, ok := files[each.from]
		if !ok {
			return missingFile(each.from)
		}
		delete(files, each.from)
		file = moved
	}
	content := each.content
	switch {
	case each.lfs != nil && !r.lfs.has(*each.lfs) &&
		file.hash != plumbing.ComputeHash(plumbing.BlobObject, each.lfs.text()):
		return reject(fmt.Sprintf("the LFS object %s of %q was not uploaded", each.lfs.oid, each.path))
	case each.lfs != nil:
		content = each.lfs.text()
	case content == nil && each.from != "":
		files[each.path] = file
		return nil
	case len(content) > maxRegularFile:
		return reject(tooLarge(each.path))
	}
	if each.path == cardFile {
		if _, err := checkCard(content, r.typ); err != nil {
			return reject(err.Error())
		}
	}
	hash, err := r.storeBlob(content)
	if err != nil {
		return err
	}
	file.hash = hash
	files[each.path] = file
	return nil
}

// tooLarge names the files that belong to LFS.
func tooLarge(paths ...string) string {
	return "Your push was rejected because it contains files larger than 10 MiB. " +
		"Please use https://git-lfs.github.com/ to store large files. Offending files: " + strings.Join(paths, ", ")
}

// coverByAttributes adds to .gitattributes every LFS file that no rule there covers, so that git clients treat it as
// one.
func (r *repo) coverByAttributes(files map[string]treeFile, changes []change) error {
	var text []byte
	if file, ok := files[attributesFile]; ok {
		var err error
		if text, err = r.blob(file.hash); err != nil {
			return err
		}
	}
	rules, added := parseAttributes(text), false
	text = slices.Clone(text)
	for _, each := range changes {
		if each.lfs == nil || rules.match(each.path) {
			continue
		}
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
		text, added = append(text, attributeLine(attributePattern(each.path))...), true
	}
	if !added {
		return nil
	}
	hash, err := r.storeBlob(text)
	files[attributesFile] = treeFile{hash: hash, mode: filemode.Regular}
	return err
}
