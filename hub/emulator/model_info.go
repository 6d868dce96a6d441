package emulator

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"
)

// modelConfig is what the Hub reads from a model's config.json.
type modelConfig struct {
	ModelType     string   `json:"model_type"`
	Architectures []string `json:"architectures"`
}

// modelConfig reads config.json; nothing when there is none that can be read.
func (r *repo) modelConfig(files map[string]treeFile) (config modelConfig) {
	content, err := r.blob(files["config.json"].hash)
	if err != nil || json.Unmarshal(content, &config) != nil || strings.ContainsAny(config.ModelType, "\n\r,") {
		return modelConfig{}
	}
	return config
}

// describeModel adds what only models have.
func (s *Server) describeModel(info map[string]any, r *repo, files map[string]treeFile) {
	info["downloads"], info["downloadsAllTime"], info["spaces"] = 0, 0, []string{}
	info["inferenceProviderMapping"] = []string{}
	info["childrenModelCount"] = map[string]int{"adapter": 0, "merge": 0, "quantized": 0, "finetune": 0}
	if config := r.modelConfig(files); config.ModelType != "" {
		info["config"] = map[string]any{"model_type": config.ModelType, "architectures": config.Architectures}
		info["library_name"] = "transformers"
	}
	if counts := r.parameters(files); len(counts) > 0 {
		total := int64(0)
		for _, n := range counts {
			total += n
		}
		info["safetensors"] = map[string]any{"parameters": counts, "total": total}
	}
}

// parameters counts the numbers in model.safetensors by their type, from its header
// (https://huggingface.co/docs/safetensors).
func (r *repo) parameters(files map[string]treeFile) map[string]int64 {
	const maxHeader = 10 << 20
	head := r.firstBytes(files["model.safetensors"], 8+maxHeader)
	if len(head) < 8 {
		return nil
	}
	length := binary.LittleEndian.Uint64(head)
	if length > uint64(len(head)-8) {
		return nil
	}
	var tensors map[string]json.RawMessage
	if json.Unmarshal(head[8:8+length], &tensors) != nil {
		return nil
	}
	counts := map[string]int64{}
	for name, raw := range tensors {
		var tensor struct {
			Type  string  `json:"dtype"`
			Shape []int64 `json:"shape"`
		}
		if name == "__metadata__" || json.Unmarshal(raw, &tensor) != nil || tensor.Type == "" {
			continue
		}
		n := int64(1)
		for _, side := range tensor.Shape {
			n *= side
		}
		counts[tensor.Type] += n
	}
	return counts
}

// firstBytes are the beginning of a file's content, wherever it is kept.
func (r *repo) firstBytes(file treeFile, n int) []byte {
	content, err := r.blob(file.hash)
	if err != nil {
		return nil
	}
	if p, ok := parsePointer(content); ok {
		stored, _ := r.lfs.get(p.oid)
		from, err := stored.open()
		if err != nil {
			return nil
		}
		defer from.Close()
		content, _ = io.ReadAll(io.LimitReader(from, int64(n))) // what cannot be read is not there
	}
	return content[:min(n, len(content))]
}

// usedStorage is how many bytes of LFS files the repository keeps.
func (r *repo) usedStorage() int64 { return r.lfs.total() }
