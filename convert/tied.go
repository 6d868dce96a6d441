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
var secondary = []*regexp.Regexp{
	regexp.MustCompile(`(^|\.|_)(encoder|decoder)\.(embed_tokens|word_embeddings)\.weight$`),
	regexp.MustCompile(`(^|\.|_)encoder\.(embed_tokens|word_embeddings)\.weight$`),
	regexp.MustCompile(`(^|\.)(lm_head|embed_out|proj_out|lm_loss|output_projection|vocab_projector|` +
		`mlm_head|generator_lm_head|pred_layer|crit)(\.|$)`),
	regexp.MustCompile(`(^|\.)decoder\.(weight|bias)$`),
	regexp.MustCompile(`(^|\.)output\.weight$`),
}

// maxConfig is the longest config.json that is looked at, in bytes. They have a few kilobytes.
const maxConfig = 1 << 20

// readUntied reports whether a model's config.json says that transformers does not tie the output layer to the embedding,
// so that a file without it would load with random weights there.
func readUntied(ctx context.Context, g Group, open OpenFunc) (bool, error) {
	if g.Config == "" {
		return false, nil
	}
	f, err := open(ctx, g.Config)
	if err != nil {
		return false, fmt.Errorf("open %s: %w", g.Config, err)
	}
	defer f.Close()
	text := make([]byte, min(f.Size(), maxConfig+1))
	if n, err := f.ReadAt(text, 0); n < len(text) {
		return false, fmt.Errorf("read %s: %w", g.Config, err)
	}
	var config struct {
		Tie  *bool `json:"tie_word_embeddings"`
		Text struct {
			Tie *bool `json:"tie_word_embeddings"`
		} `json:"text_config"` // of models that see or hear as well
	}
	if json.Unmarshal(text, &config) != nil {
		return false, nil // it says nothing then, to transformers as well
	}
	for _, tie := range []*bool{config.Tie, config.Text.Tie} {
		if tie != nil && !*tie {
			return true, nil
		}
	}
	return false, nil
}

// bestName chooses which of several names of one tensor is written: one that is not said to be tied, then one that is
// not secondary, then the first in the alphabet.
func bestName(names, tied []string) string {
	return slices.MinFunc(names, func(a, b string) int {
		return cmp.Or(
			cmp.Compare(tiedRank(a, tied), tiedRank(b, tied)),
			cmp.Compare(secondaryRank(a), secondaryRank(b)),
			cmp.Compare(a, b),
		)
	})
}

func tiedRank(name string, tied []string) int {
	if slices.Contains(tied, name) {
		return 1
	}
	return 0
}

// firstOutput is the rank of the first of the secondary names that are output layers.
const firstOutput = 3

// isOutput tells whether a name is that of an output layer.
func isOutput(name string) bool { return secondaryRank(name) >= firstOutput }

func secondaryRank(name string) int {
	for i := len(secondary) - 1; i >= 0; i-- {
		if secondary[i].MatchString(name) {
			return i + 1
		}
	}
	return 0
}
