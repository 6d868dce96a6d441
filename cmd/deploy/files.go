package deploy

import (
	"context"
	"crypto/sha1" //nolint:gosec // git names blobs by it
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/spaces"
)

// Bounds on a bot's folder: rules and texts, no weights.
const (
	maxFiles     = 1000
	maxFileBytes = 4 << 20
)

// notDeployed are the names that stay here: the bot's state, and what looks like secrets.
var notDeployed = regexp.MustCompile(`(^|/)(data|node_modules|hfbot-work-[^/]*|[^/]*\.uploads)/|` +
	`\.(db|db-wal|db-shm|lock|log|pem|key)$|(^|/)[^/]*\.env$`)

// readFolder reads the files of a bot's folder that belong on the Space. Dot files stay here: .git, .env and the like.
// A Space needs a card, a Dockerfile and settings; where the folder has none, the template's are taken.
func readFolder(dir, title string) (map[string][]byte, error) {
	files := map[string][]byte{}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(path.Base(name), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() && notDeployed.MatchString(name+"/"):
			return fs.SkipDir
		case !entry.Type().IsRegular() || notDeployed.MatchString(name):
			return nil
		case len(files) == maxFiles:
			return fmt.Errorf("%s has more than %d files; deploy the bot's own folder", dir, maxFiles)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxFileBytes {
			return fmt.Errorf("%s/%s is larger than %d MiB; it does not look like a part of a bot", dir, name, maxFileBytes>>20)
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the bot's folder: %w", err)
	}
	if files["rules.yaml"] == nil {
		return nil, errors.New("the bot's folder has no rules.yaml at the top; hfbot init makes such a folder")
	}
	template, err := spaces.Files(spaces.Default, title)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"README.md", "Dockerfile", "hfbot.yaml"} {
		if files[name] == nil {
			files[name] = template[name]
		}
	}
	return files, nil
}

// commit brings the Space's files to those of the folder, in one commit of what differs. Files that only the Space has
// are deleted, so that no rule lives on there; dot files are the Hub's.
func (d *deployment) commit(ctx context.Context, files map[string][]byte, exists bool) error {
	there := map[string]string{}
	if exists || !d.DryRun {
		for entry, err := range d.Client.Tree(ctx, d.Space, hub.DefaultRevision) {
			if err != nil {
				return fmt.Errorf("list the Space's files: %w", err)
			}
			if entry.Type == "file" {
				there[entry.Path] = entry.OID
			}
		}
	}
	var changes []hub.CommitFile
	var told []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if there[name] == blobID(files[name]) {
			continue
		}
		verb := "add"
		if there[name] != "" {
			verb = "change"
		}
		told = append(told, verb+" the file "+name)
		changes = append(changes, hub.BytesFile(name, files[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if _, ok := files[name]; !ok && !strings.HasPrefix(path.Base(name), ".") {
			told = append(told, "delete the file "+name+", which the folder does not have")
			changes = append(changes, hub.CommitFile{Path: name, Delete: true})
		}
	}
	if len(changes) > 0 && !d.DryRun {
		_, err := d.Client.Commit(ctx, d.Space, hub.CommitInput{Summary: "Deploy the bot", Files: changes})
		if err != nil {
			return fmt.Errorf("commit the files: %w", err)
		}
	}
	for _, change := range told {
		d.say("%s", change)
	}
	return nil
}

// blobID is the name that git gives to a content.
func blobID(content []byte) string {
	sum := sha1.New() //nolint:gosec // git's
	fmt.Fprintf(sum, "blob %d\x00", len(content))
	sum.Write(content)
	return hex.EncodeToString(sum.Sum(nil))
}

func owner(name string) string { o, _, _ := strings.Cut(name, "/"); return o }

func title(name string) string { return path.Base(name) }

var notHost = regexp.MustCompile(`[^a-z0-9]+`)

// guessHost is where a Space that does not exist yet will be served, as far as the Hub's rule is known
// (https://huggingface.co/docs/hub/spaces-embed).
func guessHost(name string) string {
	return strings.Trim(notHost.ReplaceAllString(strings.ToLower(name), "-"), "-") + ".hf.space"
}
