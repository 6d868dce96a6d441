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
	Config  string            // path of the config.json beside them, or empty
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
// alone. Files that nobody would take for a checkpoint are in neither. Outputs of another type than the checkpoint's
// have it in their names, as variants do: model.bf16.safetensors, model.fp16.safetensors.
func Choose(paths []string, opts Options) (groups []Group, skipped map[string]string) {
	c := &chooser{
		cast: castVariants[opts.DType], present: make(map[string]bool, len(paths)), taken: map[string]string{},
		claimed: map[string]bool{}, skipped: map[string]string{},
	}
	for _, p := range paths {
		c.present[p] = true
	}
	c.findShards()
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

// castVariants are the variants that the Hub's libraries know casts by.
var castVariants = map[string]string{ToBF16: ".bf16", ToF16: ".fp16"}

type chooser struct {
	cast    string // variant of outputs that are cast
	present map[string]bool
	sets    map[string][]string // shards by folder, stem and variant
	taken   map[string]string   // output -> source
	claimed map[string]bool     // shards of a group
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
		if claimed || c.claimed[p] {
			return
		}
		if notWeights.MatchString(base) {
			c.skipped[p] = "state of a training run and not weights"
			return
		}
		if shardName.MatchString(base) {
			c.skipped[p] = "a shard without its index, such as pytorch_model.bin.index.json"
			return
		}
		if ext == ".bin" && !weights.MatchString(base) {
			c.skipped[p] = "not a name that weights have"
			return
		}
		c.single(p)
	}
}

// single takes a file that is a model by itself.
func (c *chooser) single(p string) {
	output := c.renamed(p)
	stem := strings.TrimSuffix(p, path.Ext(p))
	same := []string{output, indexOf(output)}
	if c.cast == "" {
		same = append(same, stem+".safetensors")
	}
	for _, other := range same {
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
	c.groups = append(c.groups, Group{Files: map[string]string{p: output}, Config: c.config(p)})
}

// index takes the shards of an index.
func (c *chooser) index(p string) {
	dir, base := path.Split(p)
	m := indexName.FindStringSubmatch(base)
	stem, variant := m[1], m[2]
	cast := c.withCast(variant)
	output := dir + renamedStem(stem) + ".safetensors.index" + cast + ".json"
	single := dir + renamedStem(stem) + cast + ".safetensors"
	shards, missing := c.shards(dir, stem, variant)
	reason := ""
	switch {
	case c.present[output]:
		reason = output + " is there already"
	case c.present[single]:
		reason = single + " is there already"
	case len(shards) == 0:
		reason = "the shards of the index are not there"
	case missing != "":
		reason = "of the shards of the index, " + missing + " is missing"
	}
	if reason != "" {
		c.skipped[p] = reason
		for _, s := range shards {
			c.skipped[s] = reason
		}
		return
	}
	g := Group{Index: p, Files: make(map[string]string, len(shards)), Outputs: output, Config: c.config(p)}
	for _, s := range shards {
		g.Files[s], c.claimed[s] = c.renamed(s), true
	}
	c.taken[output], c.taken[indexOf(single)] = p, p
	c.groups = append(c.groups, g)
}

// config is the path of the config.json in the folder of a file, or empty.
func (c *chooser) config(p string) string {
	config := path.Join(path.Dir(p), "config.json")
	if !c.present[config] {
		return ""
	}
	return config
}

// findShards sorts shards by the set that their names put them in. The variant stands before or after the number.
func (c *chooser) findShards() {
	c.sets = map[string][]string{}
	for p := range c.present {
		dir, base := path.Split(p)
		if m := shardName.FindStringSubmatch(base); m != nil {
			set := dir + m[1] + m[4]
			c.sets[set] = append(c.sets[set], p)
		}
	}
}

// shards lists the shards of an index by their names, and gives the name of the first that is missing.
func (c *chooser) shards(dir, stem, variant string) (shards []string, missing string) {
	shards = slices.Sorted(slices.Values(c.sets[dir+stem+variant]))
	total := ""
	for _, p := range shards {
		total = max(total, shardName.FindStringSubmatch(path.Base(p))[3])
	}
	if n := len(shards); n == 0 || fmt.Sprintf("%05d", n) == total {
		return shards, ""
	}
	m := shardName.FindStringSubmatch(path.Base(shards[0]))
	for i := 1; ; i++ {
		missing = fmt.Sprintf("%s-%05d-of-%s%s.bin", m[1], i, total, m[4])
		if !c.present[dir+missing] {
			return shards, missing
		}
	}
}

// renamed is the path of the output for a source: transformers looks for model.safetensors in place of
// pytorch_model.bin, other names stay. A cast becomes a variant: before the number of a shard, else before .safetensors.
func (c *chooser) renamed(p string) string {
	dir, base := path.Split(p)
	if m := shardName.FindStringSubmatch(base); m != nil && c.cast != "" {
		return dir + renamedStem(m[1]) + c.withCast(m[4]) + "-" + m[2] + "-of-" + m[3] + ".safetensors"
	}
	stem := renamedStem(strings.TrimSuffix(base, path.Ext(base)))
	if !strings.HasSuffix(stem, c.cast) {
		stem += c.cast
	}
	return dir + stem + ".safetensors"
}

// withCast adds the variant of a cast to another, unless it is the same.
func (c *chooser) withCast(variant string) string {
	if variant == c.cast {
		return variant
	}
	return variant + c.cast
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
