package convert

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hfbot/hfbot/convert/safetensors"
)

// maxShards is the most files that one model is split into: their number has five digits in the name.
const maxShards = 99999

// units of sizes, as huggingface_hub's parse_size_to_int knows them, and those of powers of two.
var units = []struct {
	name  string
	bytes int64
}{
	{"TIB", 1 << 40},
	{"GIB", 1 << 30},
	{"MIB", 1 << 20},
	{"KIB", 1 << 10},
	{"TB", 1e12},
	{"GB", 1e9},
	{"MB", 1e6},
	{"KB", 1e3},
	{"B", 1},
	{"", 1},
}

// ParseSize reads a size such as "5GB", "500MiB" or "1000000" in bytes. KB, MB, GB and TB count in thousands, as they
// do in transformers' max_shard_size.
func ParseSize(text string) (int64, error) {
	upper := strings.ToUpper(strings.TrimSpace(text))
	for _, unit := range units {
		number, ok := strings.CutSuffix(upper, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n > 0) || n*float64(unit.bytes) >= math.MaxInt64 || strings.ContainsAny(number, "XPIN_") {
			break
		}
		if size := int64(n * float64(unit.bytes)); size > 0 {
			return size, nil
		}
		break
	}
	return 0, fmt.Errorf("%.40q is no size; write it as 5GB, 500MiB or a number of bytes", text)
}

// reshard puts the tensors of several plans into shards of at most limit bytes of tensors, in the order of the
// checkpoints, as huggingface_hub's split_state_dict_into_shards_factory does. A tensor larger than that is alone.
func reshard(plans []*Plan, limit int64) ([]*Plan, error) {
	type place struct {
		plan *Plan
		at   int32
	}
	var shards [][]place
	current, size := []place(nil), int64(0)
	seen := make(map[string]bool)
	for _, p := range plans {
		for _, at := range p.order {
			t := p.Tensors[at]
			if seen[t.Name] {
				return nil, fmt.Errorf("tensor %.200q is in two files", t.Name)
			}
			seen[t.Name] = true
			if t.Bytes > limit {
				shards = append(shards, []place{{p, at}})
				continue
			}
			if size+t.Bytes > limit {
				shards, current, size = append(shards, current), nil, 0
			}
			current, size = append(current, place{p, at}), size+t.Bytes
		}
	}
	if len(current) > 0 {
		shards = append(shards, current)
	}
	if len(shards) > maxShards {
		return nil, errors.New("the model would be in more than 99,999 files; raise max_shard_size")
	}
	named := aliasesByName(plans)
	out := make([]*Plan, 0, len(shards))
	for _, places := range shards {
		shard := &Plan{Verdict: OK, Key: plans[0].Key}
		origin := make(map[string]source, len(places))
		layout := make([]safetensors.Tensor, 0, len(places))
		for _, x := range places {
			t := x.plan.Tensors[x.at]
			origin[t.Name] = x.plan.sources[x.at]
			layout = append(layout, safetensors.Tensor{Name: t.Name, DType: safetensors.DType(t.DType), Shape: t.Shape})
			shard.take(named[t.Name], t.Name)
		}
		if err := shard.rebuild(layout, origin); err != nil {
			return nil, err
		}
		out = append(out, shard)
	}
	for _, p := range plans { // what is said of the checkpoints as a whole is said once
		out[0].Dropped, out[0].Globals = append(out[0].Dropped, p.Dropped...), append(out[0].Globals, p.Globals...)
	}
	slices.Sort(out[0].Globals)
	out[0].Globals = slices.Compact(out[0].Globals)
	return out, nil
}

// aliasesByName gives the aliases of each tensor that has some.
func aliasesByName(plans []*Plan) map[string][]string {
	out := make(map[string][]string)
	for _, p := range plans {
		for alias, kept := range p.Aliases {
			out[kept] = append(out[kept], alias)
		}
	}
	return out
}

// take adds the aliases of a tensor.
func (p *Plan) take(aliases []string, name string) {
	if p.Aliases == nil && len(aliases) > 0 {
		p.Aliases = make(map[string]string)
	}
	for _, alias := range aliases {
		p.Aliases[alias] = name
	}
}

// rebuild lays out tensors that are taken from other plans.
func (p *Plan) rebuild(layout []safetensors.Tensor, origin map[string]source) error {
	if err := safetensors.Layout(layout); err != nil {
		return err
	}
	sources := make([]source, 0, len(layout))
	for _, t := range layout {
		sources = append(sources, origin[t.Name])
	}
	return p.lay(layout, sources)
}

// shardNames are the names of n shards of one model and of their index: those of transformers, with the variant before
// the number in a shard and before .json in the index.
func shardNames(dir, stem, variant string, n int) (files []string, index string) {
	if n == 1 {
		return []string{dir + stem + variant + ".safetensors"}, ""
	}
	for i := range n {
		files = append(files, fmt.Sprintf("%s%s%s-%05d-of-%05d.safetensors", dir, stem, variant, i+1, n))
	}
	return files, dir + stem + ".safetensors.index" + variant + ".json"
}
