package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxIndex is the longest index that is read, in bytes. One of the largest models has under 10 MB.
const maxIndex = 64 << 20

// Index lists the shards of a large model, as pytorch_model.bin.index.json does.
type Index struct {
	Metadata  map[string]json.RawMessage // such as total_size
	WeightMap map[string]string          // tensor -> name of its shard, a file in the folder of the index
}

// ReadIndex reads and checks an index. Shards must be plain names, since they come from strangers and become paths.
func ReadIndex(r io.Reader) (*Index, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxIndex+1))
	if err != nil {
		return nil, fmt.Errorf("read index: %w", err)
	}
	if len(text) > maxIndex {
		return nil, fmt.Errorf("read index: longer than %d bytes", maxIndex)
	}
	var raw struct {
		Metadata  map[string]json.RawMessage `json:"metadata"`
		WeightMap json.RawMessage            `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("read index: %w", err)
	}
	x := &Index{Metadata: raw.Metadata}
	if x.WeightMap, err = weightMap(raw.WeightMap); err != nil {
		return nil, fmt.Errorf("read index: weight_map: %w", err)
	}
	return x, nil
}

// weightMap decodes a JSON object of strings, refusing names that are there twice.
func weightMap(text []byte) (map[string]string, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("missing, or no object")
	}
	names := make(map[string]string)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		tensor, _ := token.(string)
		var shard *string
		if err := dec.Decode(&shard); err != nil || shard == nil {
			return nil, fmt.Errorf("the shard of %.100q is no name", tensor)
		}
		if _, ok := names[tensor]; ok {
			return nil, fmt.Errorf("%.100q is there twice", tensor)
		}
		if !plainName(*shard) {
			return nil, fmt.Errorf("the shard of %.100q is %.100q, which is no plain file name", tensor, *shard)
		}
		names[tensor] = *shard
	}
	if len(names) == 0 {
		return nil, errors.New("empty")
	}
	return names, nil
}

// plainName reports whether a name is one of a file in the same folder and nothing else.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= 255 &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == '/' || r == '\\' || r == ':' })
}

// Shards lists the files of the index, sorted.
func (x *Index) Shards() []string {
	return slices.Compact(slices.Sorted(maps.Values(x.WeightMap)))
}

// Rewrite returns the index of the converted shards, whose plans are given by the name of the source shard. The shards'
// new names are those of [Choose]; names that became aliases are left out, and total_size is that of the output. It
// fails when the tensors of a shard are not exactly those that the index puts there.
func (x *Index) Rewrite(plans map[string]*Plan) (*Index, error) {
	out := &Index{Metadata: maps.Clone(x.Metadata), WeightMap: make(map[string]string, len(x.WeightMap))}
	if out.Metadata == nil {
		out.Metadata = make(map[string]json.RawMessage)
	}
	listed := make(map[string]int)
	for _, shard := range x.WeightMap {
		listed[shard]++
	}
	var total int64
	for _, shard := range x.Shards() {
		plan := plans[shard]
		if plan == nil || plan.Verdict != OK {
			return nil, fmt.Errorf("rewrite index: shard %s was not converted", shard)
		}
		if err := x.compare(shard, plan, listed[shard]); err != nil {
			return nil, fmt.Errorf("rewrite index: %w", err)
		}
		for _, t := range plan.Tensors {
			out.WeightMap[t.Name] = renamed(shard)
			total += t.Bytes
		}
	}
	out.Metadata["total_size"] = json.RawMessage(fmt.Sprint(total))
	return out, nil
}

// compare checks that a shard holds the tensors listed for it and no others.
func (x *Index) compare(shard string, plan *Plan, listed int) error {
	names := slices.Collect(maps.Keys(plan.Aliases))
	for _, t := range plan.Tensors {
		names = append(names, t.Name)
	}
	for _, name := range names {
		if x.WeightMap[name] != shard {
			return fmt.Errorf("shard %s holds %.100q, which the index does not list there", shard, name)
		}
	}
	if len(names) != listed {
		return fmt.Errorf("shard %s holds %d of the %d tensors that the index lists there", shard, len(names), listed)
	}
	return nil
}

// Encode writes the index as transformers does: two spaces of indent, sorted, a newline at the end.
func (x *Index) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(map[string]any{"metadata": x.Metadata, "weight_map": x.WeightMap}); err != nil {
		return nil, fmt.Errorf("encode index: %w", err)
	}
	return b.Bytes(), nil
}
