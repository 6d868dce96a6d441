package convert

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hfbot/hfbot/convert/safetensors"
	"github.com/hfbot/hfbot/convert/torchfile"
)

// arrange decides which names are written, in what order and as what type.
func (p *Plan) arrange(tensors []named, opts Options) *Refusal {
	kept, aliases := tensors, map[string]string(nil)
	if opts.Shared != Duplicate {
		kept, aliases = dedupe(tensors, opts)
	}
	layout := make([]safetensors.Tensor, 0, len(kept))
	for _, n := range kept {
		dtype := outputType(n.tensor.DType.Safetensors, opts.DType)
		layout = append(layout, safetensors.Tensor{Name: n.name, DType: dtype, Shape: outputShape(n.tensor)})
	}
	if err := safetensors.Layout(layout); err != nil {
		return refuse(Unsupported, "%v", err)
	}
	p.Aliases = aliases
	p.order = make([]int32, len(kept))
	sources := make([]source, len(kept))
	byName := permutation(len(kept), func(a, b int) int { return cmp.Compare(kept[a].name, kept[b].name) })
	for i, t := range layout {
		found, _ := slices.BinarySearchFunc(byName, t.Name, func(at int32, name string) int {
			return cmp.Compare(kept[at].name, name)
		})
		at := byName[found]
		sources[i], p.order[at] = source{p.file, kept[at].tensor}, int32(i)
	}
	if err := p.lay(layout, sources); err != nil {
		return refuse(Unsupported, "%v", err)
	}
	if refusal := checkSize(p.Size(), p.file.Size, opts); refusal != nil {
		return refusal
	}
	return nil
}

// outputShape is the shape that a tensor is written with. Torch counts the bytes of packed numbers, safetensors the numbers.
func outputShape(t *torchfile.Tensor) []int64 {
	last := len(t.Shape) - 1
	if t.DType.Packed == 1 || last < 0 {
		return t.Shape
	}
	shape := slices.Clone(t.Shape)
	shape[last] *= t.DType.Packed
	return shape
}

// permutation returns the numbers below n in an order. For the many tensors of a large model such lists take far less
// memory than maps.
func permutation(n int, order func(a, b int) int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i)
	}
	slices.SortStableFunc(list, func(a, b int32) int { return order(int(a), int(b)) })
	return list
}

// lay sets what is written: tensors that have their places, and where each comes from.
func (p *Plan) lay(layout []safetensors.Tensor, sources []source) error {
	header := safetensors.Header{Metadata: metadata(p.Aliases), Tensors: layout}
	p.sources, p.header = sources, header.Encode()
	if len(p.header)-8 > safetensors.MaxHeader {
		return fmt.Errorf("the header would have %d bytes, more than readers take", len(p.header))
	}
	p.Tensors, p.ends = make([]Tensor, len(layout)), make([]int64, len(layout))
	for i, t := range layout {
		p.Tensors[i] = Tensor{Name: t.Name, DType: string(t.DType), Shape: t.Shape, Bytes: t.End - t.Start}
		p.ends[i] = t.End
	}
	return nil
}

// checkSize refuses an output far larger than its input, which only overlapping or repeated views can make. One that
// was asked for, by writing each shared tensor under all of its names, may be twice the input.
func checkSize(output, input int64, opts Options) *Refusal {
	limit := input + input/100 + 1<<20
	if opts.Shared == Duplicate || opts.ties.untied {
		limit += input
	}
	if output > limit {
		return refuse(TooBig, "the output would have %d bytes, more than the %d allowed for an input of %d; "+
			"its tensors overlap or repeat the same bytes", output, limit, input)
	}
	return nil
}

// metadata is what the header says beside the tensors: the framework, as readers want it, and the aliases.
func metadata(aliases map[string]string) []safetensors.Pair {
	pairs := []safetensors.Pair{{Key: "format", Value: "pt"}}
	for dropped, kept := range aliases {
		if dropped != "format" {
			pairs = append(pairs, safetensors.Pair{Key: dropped, Value: kept})
		}
	}
	slices.SortFunc(pairs[1:], func(a, b safetensors.Pair) int { return strings.Compare(a.Key, b.Key) })
	return pairs
}

// dedupe keeps one name of each view that has several, and maps the others to it. Views that differ in anything are
// kept apart, also where their bytes overlap; an empty tensor is never an alias.
func dedupe(tensors []named, opts Options) (kept []named, aliases map[string]string) {
	shared := sharing(tensors)
	if shared == nil { // as in most models
		return tensors, nil
	}
	groups := make(map[string][]string)
	views := make(map[int]string)
	for i, n := range tensors {
		if shared[i] {
			views[i] = view(n)
			groups[views[i]] = append(groups[views[i]], n.name)
		}
	}
	for i, n := range tensors {
		group := groups[views[i]]
		best := n.name
		if len(group) > 1 {
			best = bestName(group, opts)
			groups[views[i]] = []string{best}
		} else if len(group) == 1 {
			best = group[0]
		}
		if n.name == best || opts.ties.untied && isOutput(n.name) {
			kept = append(kept, n)
			continue
		}
		if aliases == nil {
			aliases = make(map[string]string)
		}
		aliases[n.name] = best
	}
	return kept, aliases
}

// sharing tells of each tensor whether another one has the same storage. It is nil when none has.
func sharing(tensors []named) (shared []bool) {
	key := func(i int32) string { return tensors[i].tensor.Storage.Key }
	byKey := permutation(len(tensors), func(a, b int) int { return cmp.Compare(key(int32(a)), key(int32(b))) })
	for i := 1; i < len(byKey); i++ {
		if key(byKey[i]) == key(byKey[i-1]) {
			if shared == nil {
				shared = make([]bool, len(tensors))
			}
			shared[byKey[i]], shared[byKey[i-1]] = true, true
		}
	}
	return shared
}

// view is a text that is equal for equal views of the same storage. It goes by the storage's key and not by its place
// in the file, which may not be known yet.
func view(n named) string {
	t := n.tensor
	if t.Elements() == 0 {
		return "empty " + n.name
	}
	strides := slices.Clone(t.Stride)
	for i, n := range t.Shape {
		if n == 1 {
			strides[i] = 0 // never taken
		}
	}
	return fmt.Sprintf("%q %s %d %v %v %v %v", t.Storage.Key, t.DType.Name, t.Offset, t.Shape, strides, t.Conjugated, t.Negated)
}
