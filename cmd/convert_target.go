package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/hfbot/hfbot/internal/scratch"
)

// target is where results go. They are written into a folder of their own first and get their names at the end, once all are
// there and every name can be had: a failure until then leaves nothing behind and nothing changed. Only when the file system
// refuses a name after it gave others, those stay. What a run leaves that is killed, the next one clears.
type target struct {
	root    *os.Root
	name    string          // shown before the names of files, and the folder of the root
	only    string          // the name of the only file, when DST is one
	work    *scratch.Folder // in the root, for what is being written
	parts   []string        // places of the files in it, which are named by numbers
	folders []string        // made by us, the outermost first
	made    string          // DST itself, when we made it
}

// workPrefix begins the names of the folders that results are written in.
const workPrefix = ".hfbot-convert-"

// openTarget looks at DST before anything is converted.
func openTarget(src *source, o convertOptions) (*target, error) {
	info, err := os.Stat(o.dst)
	folder := src.folder || o.convert.MaxShard > 0 || err == nil && info.IsDir()
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err == nil && folder && !info.IsDir():
		return nil, fmt.Errorf("%s becomes a folder of files, but %s is %s", o.src, o.dst, kindOrFile(info.Mode()))
	case err == nil && !folder && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is %s; the result is a regular file", o.dst, kindOf(info.Mode()))
	case err == nil && src.same != nil && src.same(info):
		return nil, fmt.Errorf("%s is the checkpoint itself", o.dst)
	}
	t := &target{name: o.dst}
	dir := o.dst
	if !folder {
		t.name, t.only = filepath.Dir(o.dst), filepath.Base(o.dst)
		dir = t.name
	} else if err != nil {
		if err := os.Mkdir(o.dst, 0o755); err != nil {
			return nil, err
		}
		t.made = o.dst
	}
	if t.root, err = os.OpenRoot(dir); err != nil {
		if t.made != "" {
			err = errors.Join(err, os.Remove(t.made))
		}
		return nil, err
	}
	if t.work, err = scratch.Make(dir, workPrefix); err != nil {
		return nil, t.finish(err)
	}
	return t, nil
}

func kindOrFile(mode fs.FileMode) string {
	if mode.IsRegular() {
		return "a file"
	}
	return kindOf(mode)
}

// create makes a file that will have a path in the target.
func (t *target) create(file string) (*os.File, error) {
	if t.only != "" {
		file = t.only
	}
	dir := path.Dir(file)
	if err := t.makeFolder(dir); err != nil {
		return nil, err
	}
	f, err := t.root.OpenFile(t.part(len(t.parts)), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	t.parts = append(t.parts, file)
	return f, nil
}

// part is the path of a file that is being written.
func (t *target) part(i int) string { return path.Join(filepath.Base(t.work.Path), strconv.Itoa(i)) }

func (t *target) makeFolder(dir string) error {
	if dir == "." {
		return nil
	}
	if err := t.makeFolder(path.Dir(dir)); err != nil {
		return err
	}
	err := t.root.Mkdir(dir, 0o755)
	if err == nil {
		t.folders = append(t.folders, dir)
	} else if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return err
}

// shown is the path of a file as the user sees it.
func (t *target) shown(file string) string {
	if t.only != "" {
		file = t.only
	}
	return filepath.Join(t.name, filepath.FromSlash(file))
}

// vacant finds a name that no file can get, before any gets one: a file takes the place of a file or a link, not of a folder.
func (t *target) vacant() error {
	for _, file := range t.parts {
		info, err := t.root.Lstat(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink:
			return fmt.Errorf("%s is %s; the result is a regular file", t.shown(file), kindOf(info.Mode()))
		}
	}
	return nil
}

// finish gives the files their names, or takes all away.
func (t *target) finish(failed error) error {
	if failed == nil {
		failed = t.vacant()
	}
	for i, file := range t.parts {
		if failed == nil {
			failed = t.root.Rename(t.part(i), file)
		}
	}
	if t.work != nil {
		failed = errors.Join(failed, t.work.Close())
	}
	if failed != nil {
		for i := len(t.folders) - 1; i >= 0; i-- {
			_ = t.root.Remove(t.folders[i]) // stays when others use it by now
		}
	}
	failed = errors.Join(failed, t.root.Close())
	if failed != nil && t.made != "" {
		_ = os.Remove(t.made)
	}
	return failed
}
