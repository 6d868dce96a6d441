package convert

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// secondary are names that transformers ties to others when it loads a model, so that a file may lack them. The later
// in the list, the less a name is kept. A file that lacks the other name instead would load with random weights there:
// https://github.com/huggingface/transformers/issues/30125.
var secondary = []struct {
	names  *regexp.Regexp
	output bool // they are output layers
}{
	{names: regexp.MustCompile(`(^|\.|_)(encoder|decoder)\.(embed_tokens|word_embeddings)\.|` +
		`(^|\.)embed_audio_tokens\.|(^|\.)(embed_patches\.proj|relative_bias\.biases|prompt_encoder\.shared_embedding)\.`)},
	{names: regexp.MustCompile(`(^|\.|_)encoder\.(embed_tokens|word_embeddings)\.`)},
	{output: true, names: regexp.MustCompile(`(^|\.)(lm_head|embed_out|proj_out|lm_loss|output_projection|vocab_projector|` +
		`mlm_head|generator_lm_head|pred_layer|crit|codec_head)(\.|$)`)},
	{output: true, names: regexp.MustCompile(`(^|\.)decoder\.(weight|bias)$`)},
	{output: true, names: regexp.MustCompile(`(^|\.)(output|head)\.weight$`)},
}

// architectures are those that tie the other way round than others do with the same names.
var architectures = []struct{ name, tied *regexp.Regexp }{
	// Their layers are tied to one another through those of the decoder.
	{regexp.MustCompile(`^(RTDetr|DFine)`), regexp.MustCompile(`^(class|bbox)_embed(\.|$)`)},
	{regexp.MustCompile(`^PPDocLayout`), regexp.MustCompile(`^decoder\.(class|bbox)_embed(\.|$)`)},
}

// ties is what a model's config.json says of the names of its tensors.
type ties struct {
	untied bool             // the output layer is not tied to the embedding: without it, a file would load with random weights there
	tied   []*regexp.Regexp // names that are tied to others
}

// maxConfig is the longest config.json that is looked at, in bytes. They have a few kilobytes.
const maxConfig = 1 << 20

// readTies reads the config.json of a group. One that is no JSON, or none, says nothing, to transformers as well.
func readTies(ctx context.Context, g Group, open OpenFunc) (ties, error) {
	if g.Config == "" {
		return ties{}, nil
	}
	f, err := open(ctx, g.Config)
	if err != nil {
		return ties{}, fmt.Errorf("open %s: %w", g.Config, err)
	}
	defer f.Close()
	text := make([]byte, min(f.Size(), maxConfig+1))
	if n, err := f.ReadAt(text, 0); n < len(text) {
		return ties{}, fmt.Errorf("read %s: %w", g.Config, err)
	}
	var config map[string]any
	if json.Unmarshal(text, &config) != nil {
		return ties{}, nil
	}
	t := ties{untied: untied(config)}
	names, _ := config["architectures"].([]any)
	for _, a := range architectures {
		if slices.ContainsFunc(names, func(name any) bool { s, ok := name.(string); return ok && a.name.MatchString(s) }) {
			t.tied = append(t.tied, a.tied)
		}
	}
	return t, nil
}

// untied looks for the setting in a config, and in those of the models that it is made of, such as text_config or decoder.
func untied(config map[string]any) bool {
	if config["tie_word_embeddings"] == false {
		return true
	}
	for _, part := range config {
		if part, ok := part.(map[string]any); ok && untied(part) {
			return true
		}
	}
	return false
}

// bestName chooses which of several names of one tensor is written: one that is not said to be tied, then one that is
// not secondary, then the first in the alphabet.
func bestName(names []string, opts Options) string {
	return slices.MinFunc(names, func(a, b string) int {
		return cmp.Or(
			cmp.Compare(tiedRank(a, opts), tiedRank(b, opts)),
			cmp.Compare(secondaryRank(a), secondaryRank(b)),
			cmp.Compare(a, b),
		)
	})
}

func tiedRank(name string, opts Options) int {
	if slices.Contains(opts.Tied, name) ||
		slices.ContainsFunc(opts.ties.tied, func(r *regexp.Regexp) bool { return r.MatchString(name) }) {
		return 1
	}
	return 0
}

// isOutput tells whether a name is that of an output layer.
func isOutput(name string) bool {
	rank := secondaryRank(name)
	return rank > 0 && secondary[rank-1].output
}

func secondaryRank(name string) int {
	for i := len(secondary) - 1; i >= 0; i-- {
		if secondary[i].names.MatchString(name) {
			return i + 1
		}
	}
	return 0
}
