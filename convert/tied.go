package convert

import (
	"cmp"
	"regexp"
	"slices"
)

// secondary are names that transformers ties to others when it loads a model, so that a file may lack them. The later
// in the list, the less a name is kept. A file that lacks the other name instead would load with random weights there:
// https://github.com/huggingface/transformers/issues/30125.
var secondary = []*regexp.Regexp{
	regexp.MustCompile(`(^|\.)(encoder|decoder)\.embed_tokens\.weight$`),
	regexp.MustCompile(`(^|\.)encoder\.embed_tokens\.weight$`),
	regexp.MustCompile(`(^|\.)(lm_head|embed_out|proj_out|lm_loss|output_projection|vocab_projector|` +
		`mlm_head|generator_lm_head|pred_layer|crit)(\.|$)`),
	regexp.MustCompile(`(^|\.)decoder\.(weight|bias)$`),
	regexp.MustCompile(`(^|\.)output\.weight$`),
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

func secondaryRank(name string) int {
	for i := len(secondary) - 1; i >= 0; i-- {
		if secondary[i].MatchString(name) {
			return i + 1
		}
	}
	return 0
}
