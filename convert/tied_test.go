package convert_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
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
		"prophetnet": {
			names: []any{
				"lm_head.weight", "prophetnet.decoder.word_embeddings.weight", "prophetnet.encoder.word_embeddings.weight",
				"prophetnet.word_embeddings.weight",
			},
			kept: "prophetnet.word_embeddings.weight",
		},
		"seamless": {
			names: []any{"lm_head.weight", "text_decoder.embed_tokens.weight", "text_encoder.embed_tokens.weight"},
			kept:  "text_decoder.embed_tokens.weight",
		},
		"xlm":        {names: []any{"pred_layer.proj.weight", "transformer.embeddings.weight"}, kept: "transformer.embeddings.weight"},
		"xlnet":      {names: []any{"lm_loss.weight", "transformer.word_embedding.weight"}, kept: "transformer.word_embedding.weight"},
		"modernbert": {names: []any{"decoder.weight", "model.embeddings.tok_embeddings.weight"}, kept: "model.embeddings.tok_embeddings.weight"},
		"electra": {
			names: []any{"electra.embeddings.word_embeddings.weight", "generator_lm_head.weight"},
			kept:  "electra.embeddings.word_embeddings.weight",
		},
		"albert": {
			names: []any{"albert.embeddings.word_embeddings.weight", "predictions.decoder.weight"},
			kept:  "albert.embeddings.word_embeddings.weight",
		},
		"trocr": {
			names: []any{"decoder.model.decoder.embed_tokens.weight", "decoder.output_projection.weight"},
			kept:  "decoder.model.decoder.embed_tokens.weight",
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

// TestTransformers compares the names kept with those that transformers 5.12.1 has as sources in _tied_weights_keys.
func TestTransformers(t *testing.T) {
	t.Parallel()
	// Of these, transformers 4 has the opposite as source; later ones take either, since they tie in both directions.
	other := []string{
		"BltForCausalLM", "DiffusionGemmaModel decoder.embed_tokens.weight", "FlavaForPreTraining", "LukeForMaskedLM lm_head.decoder.bias",
		"OpenAIGPTDoubleHeadsModel",
	}
	var all []struct {
		Class, Source string
		Tied          []string
	}
	text, err := os.ReadFile("testdata/tied.json")
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil || len(all) < 100 {
		t.Fatal(err, len(all))
	}
	for _, m := range all {
		items, want := []any{m.Source, floats("0", 4)}, map[string]string{}
		for _, name := range m.Tied {
			items = append(items, name, floats("0", 4))
			want[name] = m.Source
		}
		files := memory{
			"sub/pytorch_model.bin": torchZip(state(dict(items...)), counting(4)),
			"sub/config.json":       []byte(`{"architectures": ["` + m.Class + `"]}`),
		}
		opened := 0
		model, err := openOnly(t, files, &opened, convert.Options{})
		if err != nil {
			t.Fatal(err)
		}
		expected := !slices.Contains(other, m.Class) && !slices.Contains(other, m.Class+" "+m.Source)
		if got := model.Outputs[0].Plan.Aliases; cmp.Equal(want, got) != expected {
			t.Errorf("%s: aliases %v, want %v", m.Class, got, want)
		}
		if err := model.Close(); err != nil {
			t.Error(err)
		}
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

// TestNotTiedAgain writes the output layer beside the embedding when the config says that transformers will not tie them.
func TestNotTiedAgain(t *testing.T) {
	t.Parallel()
	data := torchZip(state(dict(
		"lm_head.weight", floats("0", 4), "shared.weight", floats("0", 4), "encoder.embed_tokens.weight", floats("0", 4),
	)), counting(4))
	tests := map[string]struct {
		config  string // content of config.json
		tensors int
	}{
		"no config":         {"", 1},
		"says nothing":      {`{"architectures": ["LlamaForCausalLM"]}`, 1},
		"tied":              {`{"tie_word_embeddings": true}`, 1},
		"not tied":          {`{"tie_word_embeddings": false}`, 2},
		"text not tied":     {`{"text_config": {"tie_word_embeddings": false}}`, 2},
		"decoder not tied":  {`{"encoder": {}, "decoder": {"text_config": {"tie_word_embeddings": false}}}`, 2},
		"no JSON":           {`{"tie_word_embeddings": false`, 1},
		"of another type":   {`{"tie_word_embeddings": "false"}`, 1},
		"null":              {`null`, 1},
		"longer than usual": {`{"x": "` + strings.Repeat("x", 1<<20) + `", "tie_word_embeddings": false}`, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := memory{"sub/pytorch_model.bin": data, "config.json": []byte(`{"tie_word_embeddings": false}`)}
			if test.config != "" {
				files["sub/config.json"] = []byte(test.config)
			}
			open := 0
			m, err := openOnly(t, files, &open, convert.Options{Shared: convert.Dedupe})
			if err != nil {
				t.Fatal(err)
			}
			plan := m.Outputs[0].Plan
			if len(plan.Tensors) != test.tensors || plan.Aliases["encoder.embed_tokens.weight"] != "shared.weight" {
				t.Errorf("%d tensors, want %d; aliases %v", len(plan.Tensors), test.tensors, plan.Aliases)
			}
			if err := m.Close(); err != nil || open != 0 {
				t.Errorf("%v, %d files are open", err, open)
			}
		})
	}
}
