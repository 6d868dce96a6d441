package builtin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/convert"
	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/workspace"
)

func init() { actions.Register(repoScan{}) }

// repoScan looks for what should not be in a repository.
type repoScan struct{}

// scanIn is the inputs of repo.scan.
type scanIn struct {
	Forbidden []string `json:"forbidden" doc:"globs of files that should not be there"`
	MaxFile   int64    `json:"max_file_size" doc:"largest file, in bytes; 0: any"`
	MaxTotal  int64    `json:"max_total_size" doc:"largest sum of all files, in bytes; 0: any"`
	Secrets   bool     `json:"secrets" default:"true" doc:"look for tokens and keys in text files"`
	Pickles   bool     `json:"pickles" default:"true" doc:"look for pickles that would run code when they are loaded"`
	Changed   bool     `json:"changed_only" doc:"only what the push to main changed, or what a branch or pull request changes"`
	Ignore    []string `json:"ignore" doc:"globs of files that are passed over"`
	actions.Target
}

// scanOut is the outputs of repo.scan.
type scanOut struct {
	OK       bool     `json:"ok" doc:"nothing was found"`
	Found    int      `json:"found" doc:"how much was found"`
	Findings []string `json:"findings" doc:"what was found and where, as Markdown; at most 200"`
	Report   string   `json:"report" doc:"the same as a Markdown list, for a comment"`
	Files    int      `json:"files" doc:"files that were looked at"`
	Bytes    int64    `json:"bytes" doc:"their size"`
}

// Bounds of a scan.
const (
	maxFindings   = 200
	maxScanFile   = 2 << 20   // of a text file that is searched for secrets
	maxScanTotal  = 256 << 20 // of all of them
	maxPickleScan = 500       // checkpoints that are looked into
)

// pickleNames are the names that checkpoints in pickles have.
var pickleNames = []string{".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".th", ".mar"}

// Validate implements actions.Validator.
func (in *scanIn) Validate() error {
	for _, globs := range [][]string{in.Forbidden, in.Ignore} {
		for _, glob := range globs {
			if !doublestar.ValidatePattern(glob) {
				return fmt.Errorf("%q is no glob", glob)
			}
		}
	}
	if in.MaxFile < 0 || in.MaxTotal < 0 {
		return errors.New("a size is not negative")
	}
	return nil
}

// Spec implements actions.Action.
func (repoScan) Spec() actions.Spec {
	return actions.Spec{
		ID:      "repo.scan",
		Summary: "Look for files, sizes, secrets and pickles that should not be in a repository.",
		Description: "Reads the repository at the event's commit. Secrets are found by the rules of gitleaks 8.30 " +
			"(MIT license) in text files of up to 2 MiB; what was found is told by rule and line, never shown. Of checkpoints " +
			"the pickle is read, as far as it takes, and none of its code runs. Findings are no failure: see `found`.",
		Effect:     actions.None,
		Idempotent: true,
		Example: "uses: repo.scan\nid: scan\nwith:\n  forbidden: [\"**/*.exe\", \"**/.env\"]\n  max_file_size: 5000000000\n" +
			"  changed_only: true",
	}
}

// scan is one run of repo.scan.
type scan struct {
	in      scanIn
	ws      *workspace.Workspace
	changed map[string]bool // nil: all
	out     scanOut
	read    int64 // bytes of text files
	pickles int
}

// Run implements actions.Action.
func (repoScan) Run(ctx context.Context, rt *actions.Runtime, in scanIn) (out scanOut, err error) {
	repo, err := in.Resolve(rt)
	if err != nil {
		return scanOut{}, err
	}
	s := &scan{in: in, out: scanOut{Findings: []string{}}}
	if err := s.open(ctx, rt, repo); err != nil {
		return scanOut{}, err
	}
	defer func() { err = errors.Join(err, s.ws.Close()) }()
	for entry, err := range s.ws.List(ctx) {
		if err != nil {
			return scanOut{}, fmt.Errorf("list %s: %w", repo, err)
		}
		if err := s.file(ctx, entry); err != nil {
			return scanOut{}, err
		}
		rt.Report(int64(s.out.Files), 0, "files")
	}
	if in.MaxTotal > 0 && s.out.Bytes > in.MaxTotal {
		s.found("the files are %d bytes together, more than %d", s.out.Bytes, in.MaxTotal)
	}
	return s.result(), nil
}

// open fetches the repository.
func (s *scan) open(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef) error {
	sha, err := resolveRevision(ctx, rt, repo, "")
	if err != nil {
		return err
	}
	if s.in.Changed {
		if err := s.findChanges(ctx, rt, repo, sha); err != nil {
			return err
		}
	}
	s.ws, err = workspace.Open(ctx, workspace.Options{
		Client: rt.Hub, Repo: repo, SHA: sha, Ref: eventRef(rt, repo), Dir: filepath.Join(rt.Dir, "git"),
		Cache: fetchedCommits(rt),
	})
	if err != nil {
		return fmt.Errorf("open %s at %s: %w", repo, sha, err)
	}
	return nil
}

// findChanges finds what is new: of a push to main against the commit before it, of another branch or a pull request
// against where it left main. A commit of main that no push tells about is looked at as a whole.
func (s *scan) findChanges(ctx context.Context, rt *actions.Runtime, repo hub.RepoRef, sha string) (err error) {
	var paths []string
	switch ref := eventRef(rt, repo); ref {
	case "", "refs/heads/" + hub.DefaultRevision:
		before := beforePush(rt, ref)
		if before == "" {
			return nil
		}
		paths, err = rt.Hub.ChangedPaths(ctx, repo, before, sha, maxTreeFiles)
	default:
		paths, err = changedPaths(ctx, rt.Hub, repo, sha)
	}
	if err != nil {
		return err
	}
	s.changed = map[string]bool{}
	for _, path := range paths {
		s.changed[path] = true
	}
	return nil
}

// beforePush is the commit that a ref was at before the event; empty when the event does not tell.
func beforePush(rt *actions.Runtime, ref string) string {
	if ref == "" {
		return ""
	}
	for _, u := range rt.Event.UpdatedRefs {
		if u.Ref == ref {
			return u.OldSHA
		}
	}
	return ""
}

// found notes a finding.
func (s *scan) found(format string, args ...any) {
	if s.out.Found++; s.out.Found <= maxFindings {
		s.out.Findings = append(s.out.Findings, fmt.Sprintf(format, args...))
	}
}

// file looks at one file.
func (s *scan) file(ctx context.Context, entry workspace.Entry) error {
	if s.changed != nil && !s.changed[entry.Path] || matchesAny(s.in.Ignore, entry.Path) {
		return nil
	}
	s.out.Files++
	s.out.Bytes += entry.Size
	name := codeSpan(shortText(entry.Path))
	if matchesAny(s.in.Forbidden, entry.Path) {
		s.found("%s should not be here", name)
	}
	if s.in.MaxFile > 0 && entry.Size > s.in.MaxFile {
		s.found("%s has %d bytes, more than %d", name, entry.Size, s.in.MaxFile)
	}
	if s.in.Secrets && entry.LFS == nil && entry.Size <= maxScanFile && s.read < maxScanTotal {
		if err := s.secrets(ctx, entry, name); err != nil {
			return err
		}
	}
	if s.in.Pickles && isPickleName(entry.Path) {
		return s.pickle(ctx, entry, name)
	}
	return nil
}

// secrets looks for secrets in a text file.
func (s *scan) secrets(ctx context.Context, entry workspace.Entry, name string) error {
	text, err := s.ws.ReadFile(ctx, entry.Path, maxScanFile)
	if err != nil {
		return fmt.Errorf("read %q: %w", entry.Path, err)
	}
	s.read += int64(len(text))
	if bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
		return nil // no text, by git's own rule
	}
	for _, secret := range loadSecretRules().find(text) {
		s.found("%s, line %d, has what looks like a secret: %s", name, secret.line, secret.rule)
	}
	return nil
}

// isPickleName tells whether a file is likely to be a checkpoint in a pickle.
func isPickleName(name string) bool {
	end := strings.ToLower(path.Ext(name))
	for _, known := range pickleNames {
		if end == known {
			return true
		}
	}
	return false
}

// pickle looks into a checkpoint.
func (s *scan) pickle(ctx context.Context, entry workspace.Entry, name string) error {
	if s.pickles++; s.pickles > maxPickleScan {
		if s.pickles == maxPickleScan+1 {
			s.found("more than %d checkpoints; the rest was not looked into", maxPickleScan)
		}
		return nil
	}
	f, err := s.ws.Open(ctx, entry.Path)
	if err != nil {
		return fmt.Errorf("open %q: %w", entry.Path, err)
	}
	plan, err := convert.Inspect(ctx, f, f.Size(), convert.Options{})
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("look into %q: %w", entry.Path, err)
	}
	if plan.Verdict == convert.Dangerous {
		s.found("%s would run code when it is loaded: %s", name, codeSpan(shortText(plan.Reason)))
	}
	return nil
}

// result rounds off the outputs.
func (s *scan) result() scanOut {
	out := s.out
	out.OK = out.Found == 0
	if out.OK {
		out.Report = fmt.Sprintf("- ✅ %d files, nothing found\n", out.Files)
		return out
	}
	var b strings.Builder
	for _, finding := range out.Findings[:min(len(out.Findings), 50)] {
		b.WriteString("- ❌ " + finding + "\n")
	}
	if more := out.Found - min(len(out.Findings), 50); more > 0 {
		fmt.Fprintf(&b, "- … and %d more\n", more)
	}
	out.Report = b.String()
	return out
}
