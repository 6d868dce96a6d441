package convert_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/convert"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	single := func(from, to string) convert.Group { return convert.Group{Files: map[string]string{from: to}} }
	tests := map[string]struct {
		paths   []string
		dtype   string
		groups  []convert.Group
		skipped map[string]string
	}{
		"nothing": {paths: []string{"README.md", "config.json", "vocab.txt"}},
		"one": {
			paths:  []string{"README.md", "pytorch_model.bin"},
			groups: []convert.Group{single("pytorch_model.bin", "model.safetensors")},
		},
		"cast": {
			paths: []string{"pytorch_model.bin", "model.safetensors", "vae/diffusion_pytorch_model.fp16.bin"},
			dtype: convert.ToF16,
			groups: []convert.Group{
				single("pytorch_model.bin", "model.fp16.safetensors"),
				single("vae/diffusion_pytorch_model.fp16.bin", "vae/diffusion_pytorch_model.fp16.safetensors"),
			},
		},
		"cast already": {
			paths:   []string{"pytorch_model.bin", "model.bf16.safetensors"},
			dtype:   convert.ToBF16,
			skipped: map[string]string{"pytorch_model.bin": "model.bf16.safetensors is there already"},
		},
		"cast of shards": {
			paths: []string{"pytorch_model.bin.index.json", "pytorch_model-00001-of-00001.bin"},
			dtype: convert.ToBF16,
			groups: []convert.Group{{
				Index:   "pytorch_model.bin.index.json",
				Files:   map[string]string{"pytorch_model-00001-of-00001.bin": "model.bf16-00001-of-00001.safetensors"},
				Outputs: "model.safetensors.index.bf16.json",
			}},
		},
		"in a folder": {
			paths:  []string{"text_encoder/pytorch_model.bin"},
			groups: []convert.Group{single("text_encoder/pytorch_model.bin", "text_encoder/model.safetensors")},
		},
		"variant": {
			paths:  []string{"pytorch_model.fp16.bin"},
			groups: []convert.Group{single("pytorch_model.fp16.bin", "model.fp16.safetensors")},
		},
		"other names": {
			paths: []string{
				"adapter_model.bin", "unet/diffusion_pytorch_model.fp16.bin", "open_clip_pytorch_model.bin", "a.pt",
				"b.pth", "c.ckpt",
			},
			groups: []convert.Group{
				single("a.pt", "a.safetensors"), single("adapter_model.bin", "adapter_model.safetensors"), single(
					"b.pth", "b.safetensors",
				),
				single("c.ckpt", "c.safetensors"), single(
					"open_clip_pytorch_model.bin", "open_clip_pytorch_model.safetensors",
				),
				single("unet/diffusion_pytorch_model.fp16.bin", "unet/diffusion_pytorch_model.fp16.safetensors"),
			},
		},
		"sharded": {
			paths: []string{
				"pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "pytorch_model.bin.index.json",
			},
			groups: []convert.Group{{
				Index: "pytorch_model.bin.index.json", Outputs: "model.safetensors.index.json",
				Files: map[string]string{
					"pytorch_model-00001-of-00002.bin": "model-00001-of-00002.safetensors",
					"pytorch_model-00002-of-00002.bin": "model-00002-of-00002.safetensors",
				},
			}},
		},
		"sharded, variants in both places": {
			paths: []string{
				"m/pytorch_model.bin.index.fp16.json", "m/pytorch_model.fp16-00001-of-00001.bin",
				"n/pytorch_model.bin.index.fp16.json", "n/pytorch_model-00001-of-00001.fp16.bin",
			},
			groups: []convert.Group{
				{
					Index: "m/pytorch_model.bin.index.fp16.json", Outputs: "m/model.safetensors.index.fp16.json",
					Files: map[string]string{
						"m/pytorch_model.fp16-00001-of-00001.bin": "m/model.fp16-00001-of-00001.safetensors",
					},
				},
				{
					Index: "n/pytorch_model.bin.index.fp16.json", Outputs: "n/model.safetensors.index.fp16.json",
					Files: map[string]string{
						"n/pytorch_model-00001-of-00001.fp16.bin": "n/model-00001-of-00001.fp16.safetensors",
					},
				},
			},
		},
		"sharded and whole": {
			paths: []string{"pytorch_model-00001-of-00001.bin", "pytorch_model.bin", "pytorch_model.bin.index.json"},
			groups: []convert.Group{{
				Index: "pytorch_model.bin.index.json", Outputs: "model.safetensors.index.json",
				Files: map[string]string{"pytorch_model-00001-of-00001.bin": "model-00001-of-00001.safetensors"},
			}},
			skipped: map[string]string{
				"pytorch_model.bin": "the shards of pytorch_model.bin.index.json are taken instead",
			},
		},
		"shards missing": {
			paths: []string{"pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"},
			skipped: map[string]string{
				"pytorch_model-00001-of-00002.bin": "of the shards of the index, pytorch_model-00002-of-00002.bin is missing",
				"pytorch_model.bin.index.json":     "of the shards of the index, pytorch_model-00002-of-00002.bin is missing",
			},
		},
		"index alone": {
			paths:   []string{"pytorch_model.bin.index.json"},
			skipped: map[string]string{"pytorch_model.bin.index.json": "the shards of the index are not there"},
		},
		"index missing": {
			paths:   []string{"pytorch_model-00001-of-00002.bin"},
			skipped: map[string]string{"pytorch_model-00001-of-00002.bin": "a shard without its index, such as pytorch_model.bin.index.json"},
		},
		"converted": {
			paths: []string{
				"model.safetensors", "pytorch_model.bin", "a.pt", "a.safetensors", "b/pytorch_model.bin",
				"b/model.safetensors.index.json",
				"c/pytorch_model.bin", "c/pytorch_model.safetensors", "d/pytorch_model.fp16.bin", "d/model.safetensors",
			},
			groups: []convert.Group{single("d/pytorch_model.fp16.bin", "d/model.fp16.safetensors")},
			skipped: map[string]string{
				"pytorch_model.bin":   "model.safetensors is there already",
				"a.pt":                "a.safetensors is there already",
				"b/pytorch_model.bin": "b/model.safetensors.index.json is there already",
				"c/pytorch_model.bin": "c/pytorch_model.safetensors is there already",
			},
		},
		"shards converted": {
			paths: []string{"pytorch_model-00001-of-00001.bin", "pytorch_model.bin.index.json", "model.safetensors"},
			skipped: map[string]string{
				"pytorch_model-00001-of-00001.bin": "model.safetensors is there already",
				"pytorch_model.bin.index.json":     "model.safetensors is there already",
			},
		},
		"no weights": {
			paths: []string{
				"training_args.bin", "optimizer.pt", "optimizer_1.bin", "scheduler.pt", "rng_state_0.pth", "scaler.pt",
				"flax_model.msgpack",
				"tf_model.h5", "model.onnx", "vocab.bin", "global_step1/zero_pp_rank_0_mp_rank_00_optim_states.pt",
			},
			skipped: map[string]string{
				"training_args.bin": "state of a training run and not weights",
				"optimizer.pt":      "state of a training run and not weights",
				"optimizer_1.bin":   "state of a training run and not weights",
				"scheduler.pt":      "state of a training run and not weights",
				"rng_state_0.pth":   "state of a training run and not weights",
				"scaler.pt":         "state of a training run and not weights",
				"global_step1/zero_pp_rank_0_mp_rank_00_optim_states.pt": "state of a training run and not weights",
				"flax_model.msgpack": "weights of another framework", "tf_model.h5": "weights of another framework",
				"model.onnx": "weights of another framework", "vocab.bin": "not a name that weights have",
			},
		},
		"two sources of one output": {
			paths: []string{"model.ckpt", "model.pt", "pytorch_model.bin"}, groups: []convert.Group{
				single("pytorch_model.bin", "model.safetensors"),
			},
			skipped: map[string]string{
				"model.ckpt": "model.safetensors would be written from pytorch_model.bin as well",
				"model.pt":   "model.safetensors would be written from pytorch_model.bin as well",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			groups, skipped := convert.Choose(test.paths, convert.Options{DType: test.dtype})
			if diff := cmp.Diff(test.groups, groups); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
			if len(test.skipped)+len(skipped) > 0 && !cmp.Equal(test.skipped, skipped) {
				t.Errorf("skipped (-want +got):\n%s", cmp.Diff(test.skipped, skipped))
			}
		})
	}
}
