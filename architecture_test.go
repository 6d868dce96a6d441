// Package hfbot_test holds the rules of the architecture: who may import whom. Imports point towards package hub; a
// package that is not in the table fails, so that a new one gets its place deliberately.
package hfbot_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/hfbot/hfbot"

// anything lets a package import all of ours.
const anything = "*"

// mayImport names, for each part of the tree, the other parts it may import. A folder belongs to the longest entry that
// its path begins with, and packages of one entry may import each other.
var mayImport = map[string][]string{
	"internal/near":       {},
	"internal/database":   {},
	"internal/scratch":    {},
	"hub":                 {},
	"hub/workspace":       {"hub"},
	"hub/emulator":        {"hub"},
	"convert":             {},
	"spaces":              {},
	"config":              {"hub", "internal/database", "internal/near"},
	"actions":             {"hub", "internal/near"},
	"actions/builtin":     {"actions", "hub", "hub/workspace", "convert"},
	"actions/actionstest": {"actions", "hub", "hub/emulator"},
	"bot/expr":            {"hub", "actions", "internal/near"},
	"bot/rule":            {"bot/expr", "actions", "hub", "internal/near"},
	"bot/rule/ruletest":   {"bot/rule", "actions"},
	"bot/store":           {"hub", "internal/database"},
	"bot/store/pgtest":    {},
	"bot/otlp":            {},
	"bot/webhook":         {"bot/store", "hub"},
	"bot/subscription":    {"bot/rule", "hub"},
	"bot/catchup":         {"hub"},
	"bot/run":             {"bot/store", "bot/expr", "actions", "hub"},
	"bot/dashboard":       {"bot/store", "bot/rule", "actions", "hub"},
	"bot": {
		"bot/subscription", "bot/catchup", "bot/webhook", "bot/store", "bot/expr", "bot/rule", "bot/run", "bot/dashboard", "actions", "hub", "hub/workspace",
		"config", "internal/database", "internal/near", "internal/scratch",
	},
	"cmd": {anything},
}

// onlyIn names the libraries that are kept to a part of the tree, so that each can be replaced there.
var onlyIn = map[string][]string{
	"github.com/labstack/echo":    {"bot", "bot/webhook", "bot/dashboard", "hub/emulator"},
	"github.com/spf13/viper":      {"config", "cmd"},
	"github.com/spf13/cobra":      {"cmd"},
	"github.com/go-git/go-git":    {"hub/workspace", "hub/emulator"},
	"github.com/riverqueue/river": {"bot/store", "bot/run"},
	"database/sql":                {"bot/store", "bot/run"}, // run: River's transactions
	"modernc.org/sqlite":          {"bot/store"},
	"github.com/jackc/pgx":        {"bot/store", "bot/run", "bot/store/pgtest"},
	"cel.dev/cel-go":              {"bot/expr"},
	"github.com/prometheus":       {"bot"},
	"go.opentelemetry.io":         {"bot", "bot/run", "bot/otlp"},
	"go.uber.org/zap":             {"actions", "actions/builtin", "actions/actionstest", "bot", "bot/*", "cmd"},
	"net/http/httptest":           {"actions/actionstest"},
	"testing":                     {"actions/actionstest", "bot/store/pgtest", "bot/rule/ruletest"},
	"unsafe":                      {"actions/builtin"},                            // system calls that x/sys has no function for
	"os/exec":                     {"actions/builtin", "bot/store/pgtest", "cmd"}, // exec.run; the tests' PostgreSQL; the go command
}

// longestChain is how many packages may import each other in a row below the commands.
const longestChain = 6

// pkg is a package of ours: its folder and what its files import, tests left out.
type pkg struct {
	dir     string
	imports []string
}

// packages reads the tree. Examples are modules of other people, as it were, and testdata is no code.
func packages(t *testing.T) map[string]*pkg {
	t.Helper()
	found := map[string]*pkg{}
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if file != "." && (name[0] == '.' || name == "testdata" || file == "examples" || file == "tools") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(file), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Dir(file)
		if found[dir] == nil {
			found[dir] = &pkg{dir: dir}
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[dir].imports = append(found[dir].imports, imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("only %d packages found; the test looks in the wrong place", len(found))
	}
	return found
}

// part returns the entry of mayImport that a folder belongs to, or "".
func part(dir string) string {
	for ; dir != "."; dir = path.Dir(dir) {
		if _, ok := mayImport[dir]; ok {
			return dir
		}
	}
	return ""
}

// ours returns the folder of an import of this module.
func ours(imported string) (dir string, ok bool) { return strings.CutPrefix(imported, module+"/") }

func TestImportsPointTowardsHub(t *testing.T) {
	t.Parallel()
	for dir, p := range packages(t) {
		from := part(dir)
		if from == "" {
			t.Errorf("package %s has no place in the table mayImport", dir)
			continue
		}
		for _, imported := range p.imports {
			target, ok := ours(imported)
			if !ok || part(target) == from || slices.Contains(mayImport[from], anything) {
				continue
			}
			if !slices.Contains(mayImport[from], part(target)) {
				t.Errorf("%s imports %s; %s may import only %v", dir, target, from, mayImport[from])
			}
		}
	}
}

func TestLibrariesStayInTheirPlace(t *testing.T) {
	t.Parallel()
	for dir, p := range packages(t) {
		for _, imported := range p.imports {
			for library, places := range onlyIn {
				if imported != library && !strings.HasPrefix(imported, library+"/") {
					continue
				}
				if !slices.ContainsFunc(places, func(place string) bool { return covers(place, part(dir)) }) {
					t.Errorf("%s imports %s, which may be imported only in %v", dir, imported, places)
				}
			}
		}
	}
}

// covers tells whether a place, such as "bot" or "bot/*", names a part.
func covers(place, part string) bool {
	matched, err := path.Match(place, part)
	return err == nil && matched
}

func TestChainsAreShort(t *testing.T) {
	t.Parallel()
	all := packages(t)
	chains := map[string][]string{}
	var chain func(dir string) []string
	chain = func(dir string) []string {
		if known, ok := chains[dir]; ok {
			return known
		}
		var longest []string
		for _, imported := range all[dir].imports {
			if target, ok := ours(imported); ok && all[target] != nil {
				if c := chain(target); len(c) > len(longest) {
					longest = c
				}
			}
		}
		chains[dir] = append([]string{dir}, longest...)
		return chains[dir]
	}
	for _, dir := range slices.Sorted(maps.Keys(all)) {
		if c := chain(dir); part(dir) != "cmd" && len(c) > longestChain {
			t.Errorf("%d packages in a row: %s", len(c), strings.Join(c, " -> "))
		}
	}
}

func TestMainIsAListOfImportsAndOneCall(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("cmd/hfbot/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines > 20 {
		t.Errorf("cmd/hfbot/main.go has %d lines; what it does belongs in package cmd", lines)
	}
}

// TestLibrariesHaveReasons: each module that go.mod requires directly is named in the first column of the record of
// libraries by the last segment of its path, since a library is a decision.
func TestLibrariesHaveReasons(t *testing.T) {
	t.Parallel()
	record, err := os.ReadFile("docs/adr/0009-libraries.md")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	names := libraries(string(record))
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.HasPrefix(line, "\t") { // not required, or "// indirect"
			continue
		}
		if name := moduleName(fields[0]); !slices.Contains(names, name) {
			t.Errorf("%s: docs/adr/0009-libraries.md has no %s in its first column", fields[0], name)
		}
	}
}

// libraries are the names in the first column of a record: the last segments of what may be paths.
func libraries(record string) []string {
	var names []string
	for line := range strings.Lines(record) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, word := range strings.FieldsFunc(cells[1], func(r rune) bool { return strings.ContainsRune(" ,()", r) }) {
			names = append(names, path.Base(word))
		}
	}
	return names
}

// moduleName is the last segment of a module's path, without its version.
func moduleName(module string) string {
	if base := path.Base(module); len(base) < 2 || base[0] != 'v' || strings.Trim(base[1:], "0123456789") != "" {
		return base
	}
	return path.Base(path.Dir(module))
}

// TestLibrariesAreNamedInTheFirstColumn: neither an owner nor a word of the reasons stands for a library.
func TestLibrariesAreNamedInTheFirstColumn(t *testing.T) {
	t.Parallel()
	names := libraries("prose\n| library | for |\n|---|---|\n| robfig/cron, x/term | times, not flock |\n| internal (testscript) | |\n")
	for module, want := range map[string]bool{
		"github.com/robfig/cron/v3": true, "golang.org/x/term": true, "example.com/internal": true, "github.com/robfig/soap": false,
		"github.com/gofrs/flock": false, "example.com/prose": false, "gopkg.in/v8": false,
	} {
		if got := slices.Contains(names, moduleName(module)); got != want {
			t.Errorf("%s has a reason: %t, want %t in %v", module, got, want, names)
		}
	}
}
