package convert

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Group is a set of weights that convert together: one file, or the shards of an index.
type Group struct {
	Index   string            // path of the sharded index, or empty
	Files   map[string]string // source path -> output path
	Outputs string            // path of the output index, or empty
}

var (
	indexName = regexp.MustCompile(`^(.+)\.bin\.index(\.[A-Za-z0-9_-]+)?\.json$`)
	shardName = regexp.MustCompile(`^(.+)-(\d{5})-of-(\d{5})(\.[A-Za-z0-9_-]+)?\.bin$`)
	// notWeights are files of a training run that look like checkpoints.
	notWeights = regexp.MustCompile(
		`^(training_args\.|optimizer[._-]|scheduler[._-]|rng_state|random_states|scaler)|optim_states\.pt$`)
	// weights are the .bin files known to hold a model, with an optional variant such as ".fp16".
	weights = regexp.MustCompile(
		`^(pytorch_model|adapter_model|diffusion_pytorch_model|open_clip_pytorch_model)(\.[A-Za-z0-9_-]+)?\.bin$`)
)

// Choose picks the checkpoints of a repository that have no safetensors counterpart yet, and says why it leaves others
// alone. Files that nobody would take for a checkpoint are in neither.
func Choose(paths []string) (groups []Group, skipped map[string]string) {
	c := &chooser{
		present: make(map[string]bool, len(paths)), taken: map[string]string{}, skipped: map[string]string{},
	}
	for _, p := range paths {
		c.present[p] = true
	}
	sorted := slices.Compact(slices.Sorted(maps.Keys(c.present)))
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(precedence(a), precedence(b)) })
	for _, p := range sorted {
		if indexName.MatchString(path.Base(p)) {
			c.index(p)
		}
	}
	for _, p := range sorted {
		c.file(p)
	}
	slices.SortFunc(c.groups, func(a, b Group) int { return cmp.Compare(a.first(), b.first()) })
	return c.groups, c.skipped
}

func (g Group) first() string {
	return cmp.Or(g.Index, slices.Min(append(slices.Collect(maps.Keys(g.Files)), "\xff")))
}

// precedence decides which of several sources of one output is taken.
func precedence(p string) int {
	return slices.Index([]string{".pt", ".pth", ".ckpt"}, path.Ext(p)) + 1
}

type chooser struct {
	present map[string]bool
	taken   map[string]string // output -> source
	skipped map[string]string
	groups  []Group
}

// file decides about one path.
func (c *chooser) file(p string) {
	base := path.Base(p)
	_, claimed := c.skipped[p]
	switch ext := path.Ext(base); ext {
	case ".msgpack", ".h5", ".onnx":
		c.skipped[p] = "weights of another framework"
		return
	case ".bin", ".pt", ".pth", ".ckpt":
		if claimed || c.inGroup(p) {
			return
		}
		if notWeights.MatchString(base) {
			c.skipped[p] = "state of a training run and not weights"
			return
		}
		if shardName.MatchString(base) {
			c.skipped[p] = "a shard without its index"
			return
		}
		if ext == ".bin" && !weights.MatchString(base) {
			c.skipped[p] = "not a name that weights have"
			return
		}
		c.single(p)
	}
}

func (c *chooser) inGroup(p string) bool {
	return slices.ContainsFunc(c.groups, func(g Group) bool { _, ok := g.Files[p]; return ok })
}

// single takes a file that is a model by itself.
func (c *chooser) single(p string) {
	output := renamed(p)
	stem := strings.TrimSuffix(p, path.Ext(p))
	for _, other := range []string{output, stem + ".safetensors", indexOf(output)} {
		if c.present[other] {
			c.skipped[p] = other + " is there already"
			return
		}
	}
	if source, ok := c.taken[indexOf(output)]; ok {
		c.skipped[p] = "the shards of " + source + " are taken instead"
		return
	}
	if source, ok := c.taken[output]; ok {
		c.skipped[p] = fmt.Sprintf("%s would be written from %s as well", output, source)
		return
	}
	c.taken[output] = p
	c.groups = append(c.groups, Group{Files: map[string]string{p: output}})
}

// index takes the shards of an index.
func (c *chooser) index(p string) {
	dir, base := path.Split(p)
	m := indexName.FindStringSubmatch(base)
	stem, variant := m[1], m[2]
	output := dir + renamedStem(stem) + ".safetensors.index" + variant + ".json"
	single := dir + renamedStem(stem) + variant + ".safetensors"
	shards, complete := c.shards(dir, stem, variant)
	reason := ""
	switch {
	case c.present[output]:
		reason = output + " is there already"
	case c.present[single]:
		reason = single + " is there already"
	case len(shards) == 0:
		reason = "the shards of the index are not there"
	case !complete:
		reason = "shards of the index are missing"
	}
	if reason != "" {
		c.skipped[p] = reason
		for _, s := range shards {
			c.skipped[s] = reason
		}
		return
	}
	g := Group{Index: p, Files: make(map[string]string, len(shards)), Outputs: output}
	for _, s := range shards {
		g.Files[s] = renamed(s)
	}
	c.taken[output], c.taken[indexOf(single)] = p, p
	c.groups = append(c.groups, g)
}

// shards lists the shards of an index by their names, and reports whether none is missing. The variant stands before
// or after the number.
func (c *chooser) shards(dir, stem, variant string) (shards []string, complete bool) {
	total := ""
	for p := range c.present {
		d, base := path.Split(p)
		m := shardName.FindStringSubmatch(base)
		if d != dir || m == nil || m[1]+m[4] != stem+variant {
			continue
		}
		shards = append(shards, p)
		total = max(total, m[3])
	}
	slices.Sort(shards)
	return shards, fmt.Sprintf("%05d", len(shards)) == total
}

// renamed is the path of the output for a source: transformers looks for model.safetensors in place of
// pytorch_model.bin, other names stay.
func renamed(p string) string {
	dir, base := path.Split(p)
	return dir + renamedStem(strings.TrimSuffix(base, path.Ext(base))) + ".safetensors"
}

func renamedStem(stem string) string {
	if rest, ok := strings.CutPrefix(stem, "pytorch_model"); ok {
		return "model" + rest
	}
	return stem
}

// indexOf is the path of the index that would stand for a single safetensors file, with its variant before .json.
func indexOf(output string) string {
	dir, base := path.Split(strings.TrimSuffix(output, ".safetensors"))
	stem, variant, _ := strings.Cut(base, ".")
	if variant != "" {
		variant = "." + variant
	}
	return dir + stem + ".safetensors.index" + variant + ".json"
}
