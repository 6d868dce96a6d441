package convert_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert"
)

// TestTied gives one tensor several names, as models of transformers do, and looks which is kept.
func TestTied(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		names []any
		tied  []string
		kept  string
	}{
		"llama": {
			names: []any{"lm_head.weight", "model.embed_tokens.weight"}, kept: "model.embed_tokens.weight",
		},
		"gpt2": {names: []any{"lm_head.weight", "transformer.wte.weight"}, kept: "transformer.wte.weight"},
		"gpt neox": {
			names: []any{"embed_out.weight", "gpt_neox.embed_in.weight"}, kept: "gpt_neox.embed_in.weight",
		},
		"bert": {
			names: []any{"bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"},
			kept:  "bert.embeddings.word_embeddings.weight",
		},
		"bert bias": {
			names: []any{"cls.predictions.bias", "cls.predictions.decoder.bias"}, kept: "cls.predictions.bias",
		},
		"roberta": {
			names: []any{"lm_head.decoder.weight", "roberta.embeddings.word_embeddings.weight"},
			kept:  "roberta.embeddings.word_embeddings.weight",
		},
		"roberta bias": {names: []any{"lm_head.bias", "lm_head.decoder.bias"}, kept: "lm_head.bias"},
		"t5": {
			names: []any{
				"decoder.embed_tokens.weight", "encoder.embed_tokens.weight", "lm_head.weight", "shared.weight",
			},
			kept: "shared.weight",
		},
		"bart": {
			names: []any{
				"lm_head.weight", "model.decoder.embed_tokens.weight", "model.encoder.embed_tokens.weight",
				"model.shared.weight",
			},
			kept: "model.shared.weight",
		},
		"whisper": {
			names: []any{"model.decoder.embed_tokens.weight", "proj_out.weight"},
			kept:  "model.decoder.embed_tokens.weight",
		},
		"no shared": {
			names: []any{"decoder.embed_tokens.weight", "encoder.embed_tokens.weight"},
			kept:  "decoder.embed_tokens.weight",
		},
		"alphabet":    {names: []any{"b.weight", "a.weight"}, kept: "a.weight"},
		"given names": {names: []any{"a.weight", "b.weight"}, tied: []string{"a.weight"}, kept: "b.weight"},
		"given names come before the list": {
			names: []any{"lm_head.weight", "wte.weight"}, tied: []string{"wte.weight"}, kept: "lm_head.weight",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var items []any
			want := map[string]string{}
			for _, n := range test.names {
				items = append(items, n, floats("0", 4))
				if n != test.kept {
					want[n.(string)] = test.kept
				}
			}
			plan := inspect(t, torchZip(state(dict(items...)), counting(4)), convert.Options{Tied: test.tied})
			if diff := cmp.Diff(want, plan.Aliases); diff != "" {
				t.Errorf("aliases (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNotTied has views that differ in something, none of which may stand for another.
func TestNotTied(t *testing.T) {
	t.Parallel()
	whole := storage("FloatStorage", "0", 4)
	data := torchZip(state(dict(
		"whole", tensor(whole, 0, []int{4}, []int{1}),
		"square", tensor(whole, 0, []int{2, 2}, []int{2, 1}),
		"transposed", tensor(whole, 0, []int{2, 2}, []int{1, 2}),
		"head", tensor(whole, 0, []int{2}, []int{1}),
		"tail", tensor(whole, 2, []int{2}, []int{1}),
		"empty", tensor(whole, 0, []int{0}, []int{1}),
		"also empty", tensor(whole, 0, []int{0}, []int{1}),
		"other storage", tensor(storage("FloatStorage", "1", 4), 0, []int{4}, []int{1}),
	)), counting(4), counting(4))
	plan := inspect(t, data, convert.Options{})
	if plan.Verdict != convert.OK || len(plan.Tensors) != 8 || len(plan.Aliases) != 0 {
		t.Errorf("%s: %d tensors, aliases %v", plan.Verdict, len(plan.Tensors), plan.Aliases)
	}
	// A stride that is never taken is no difference.
	data = torchZip(state(dict(
		"a", tensor(whole, 0, []int{1, 4}, []int{4, 1}), "b", tensor(whole, 0, []int{1, 4}, []int{1, 1}),
	)), counting(4))
	if plan := inspect(t, data, convert.Options{}); !cmp.Equal(plan.Aliases, map[string]string{"b": "a"}) {
		t.Errorf("aliases %v", plan.Aliases)
	}
}
