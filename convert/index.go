package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// maxIndex is the longest index that is read, in bytes. One of the largest models has under 10 MB.
const maxIndex = 64 << 20

// rawJSON is a value that is passed on as it is.
type rawJSON = json.RawMessage

// Index lists the shards of a large model, as pytorch_model.bin.index.json does.
type Index struct {
	Metadata  map[string]rawJSON // such as total_size
	WeightMap map[string]string  // tensor -> name of its shard, a file in the folder of the index
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
		Metadata  map[string]rawJSON `json:"metadata"`
		WeightMap json.RawMessage    `json:"weight_map"`
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

// check compares the index with the plans of its shards, given by path. It fails when the tensors of a shard are not
// exactly those that the index puts there.
func (x *Index) check(plans map[string]*Plan, dir string) error {
	listed := make(map[string]int)
	for _, shard := range x.WeightMap {
		listed[shard]++
	}
	for _, shard := range x.Shards() {
		plan := plans[path.Join(dir, shard)]
		if plan == nil {
			return fmt.Errorf("it names the shard %.200q, which is not one of its files", shard)
		}
		if err := x.compare(shard, plan, listed[shard]); err != nil {
			return err
		}
	}
	for name := range plans {
		if listed[path.Base(name)] == 0 {
			return fmt.Errorf("it does not name the shard %.200q", path.Base(name))
		}
	}
	return nil
}

// compare checks that a shard holds the tensors listed for it and no others.
func (x *Index) compare(shard string, plan *Plan, listed int) error {
	held := 0
	check := func(name string) error {
		held++
		if other, ok := x.WeightMap[name]; !ok || other != shard {
			return fmt.Errorf("shard %s holds %.100q, which the index does not list there", shard, name)
		}
		return nil
	}
	for _, t := range plan.Tensors {
		if err := check(t.Name); err != nil {
			return err
		}
	}
	for name := range plan.Aliases {
		if err := check(name); err != nil {
			return err
		}
	}
	if held != listed {
		return fmt.Errorf("shard %s holds %d of the %d tensors that the index lists there", shard, held, listed)
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
