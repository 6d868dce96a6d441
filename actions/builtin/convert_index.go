package builtin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	"github.com/hfbot/hfbot/convert"
)

// maxIndex bounds the index of a sharded checkpoint, in bytes. The largest known ones have some megabytes.
const maxIndex = 32 << 20

// shardIndex is the index file of a sharded checkpoint: which tensor is in which file
// (https://huggingface.co/docs/transformers/big_models).
type shardIndex struct {
	Metadata  map[string]any    `json:"metadata"`
	WeightMap map[string]string `json:"weight_map"`
}

// writeIndex writes the index of a converted group. It is made from the converted files, not copied: names that became
// aliases leave it, and the total size is counted anew.
func (c *conversion) writeIndex(ctx context.Context, g convert.Group, shards []converted) (converted, error) {
	text, err := c.ws.ReadFile(ctx, g.Index, maxIndex)
	if err != nil {
		return converted{}, fmt.Errorf("read %s: %w", g.Index, err)
	}
	var source shardIndex
	if err := json.Unmarshal(text, &source); err != nil {
		return converted{}, &refusedError{g.Index, convert.Malformed, err.Error()}
	}
	if why := source.disagrees(shards); why != "" {
		return converted{}, &refusedError{g.Index, convert.Malformed, why}
	}
	index := shardIndex{Metadata: source.Metadata, WeightMap: map[string]string{}}
	if index.Metadata == nil {
		index.Metadata = map[string]any{}
	}
	var total int64
	for _, shard := range shards {
		for _, t := range shard.Plan.Tensors {
			total += t.Bytes
			index.WeightMap[t.Name] = path.Base(shard.Path)
		}
	}
	index.Metadata["total_size"] = total
	done := converted{Source: g.Index, Path: g.Outputs, local: c.spoolName(g.Outputs)}
	done.SHA256, done.Size, err = spool(done.local, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(index)
	})
	if err != nil {
		return converted{}, fmt.Errorf("write %s: %w", g.Outputs, err)
	}
	return done, nil
}

// disagrees tells how the index contradicts the shards; empty when it does not.
func (s shardIndex) disagrees(shards []converted) string {
	held := map[string]string{}
	for _, shard := range shards {
		names := slices.Collect(maps.Keys(shard.Plan.Aliases))
		for _, t := range shard.Plan.Tensors {
			names = append(names, t.Name)
		}
		for _, name := range names {
			if other, ok := held[name]; ok {
				return fmt.Sprintf("tensor %.100q is in %s and %s", name, other, path.Base(shard.Source))
			}
			held[name] = path.Base(shard.Source)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.WeightMap)) {
		if file := s.WeightMap[name]; held[name] != file {
			return fmt.Sprintf("it says that %.100q is in %.100q, which is not so", name, file)
		}
	}
	if len(held) != len(s.WeightMap) {
		return fmt.Sprintf("it names %d tensors, the files hold %d", len(s.WeightMap), len(held))
	}
	return ""
}
