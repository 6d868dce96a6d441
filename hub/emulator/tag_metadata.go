package emulator

import (
	"path"
	"regexp"
	"slices"

	"github.com/hfbot/hfbot/hub"
)

// fileFormats are the tags that a model gets from the files it holds.
var fileFormats = []struct{ pattern, tag string }{
	{"pytorch_model*.bin", "pytorch"},
	{"*.pth", "pytorch"},
	{"tf_model.h5", "tf"},
	{"flax_model.msgpack", "jax"},
	{"*.onnx", "onnx"},
	{"*.safetensors", "safetensors"},
	{"*.gguf", "gguf"},
}

// prefixedTags are the card keys whose values become tags with the key before them, for datasets.
var prefixedTags = []string{
	"task_categories", "task_ids", "size_categories", "multilinguality", "language_creators", "annotations_creators",
	"source_datasets", "language",
}

var arxivLink = regexp.MustCompile(`arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5})`)

// tags are those of a repository with these files and this card.
func (r *repo) tags(files map[string]treeFile, card map[string]any, readme []byte) []string {
	paths := sortedPaths(files)
	tags := repoTags(r.typ, card, readme, paths)
	if r.typ != hub.Model {
		return tags
	}
	config := r.modelConfig(files)
	if card["library_name"] == nil && config.ModelType != "" {
		tags = append([]string{"transformers"}, tags...)
	}
	if config.ModelType != "" {
		tags = append(tags, config.ModelType)
	}
	return unique(tags)
}

// repoTags derives a repository's tags from its card and files
// (https://huggingface.co/docs/hub/model-cards and the answers of huggingface.co).
func repoTags(typ hub.RepoType, card map[string]any, readme []byte, files []string) []string {
	var tags []string
	switch typ {
	case hub.Model:
		tags = modelTags(card, files)
	case hub.Dataset:
		for _, key := range prefixedTags {
			tags = append(tags, prefixed(key+":", card[key])...)
		}
	case hub.Space:
		tags = texts(card["sdk"])
	}
	tags = append(tags, texts(card["tags"])...)
	tags = append(tags, prefixed("license:", card["license"])...)
	for _, link := range arxivLink.FindAllSubmatch(readme, 50) {
		tags = append(tags, "arxiv:"+string(link[1]))
	}
	if _, ok := card["model-index"]; ok && typ == hub.Model {
		tags = append(tags, "model-index")
	}
	return unique(append(tags, "region:us"))
}

func modelTags(card map[string]any, files []string) []string {
	tags := texts(card["library_name"])
	for _, format := range fileFormats {
		if slices.ContainsFunc(files, func(file string) bool {
			ok, _ := path.Match(format.pattern, path.Base(file))
			return ok
		}) {
			tags = append(tags, format.tag)
		}
	}
	tags = append(tags, texts(card["pipeline_tag"])...)
	tags = append(tags, texts(card["language"])...)
	tags = append(tags, prefixed("dataset:", card["datasets"])...)
	tags = append(tags, prefixed("base_model:", card["base_model"])...)
	if bases := texts(card["base_model"]); len(bases) > 0 {
		tags = append(tags, prefixed("base_model:"+relation(card, files)+":", card["base_model"])...)
	}
	return tags
}

// relation is how a model came from its base: as the card says, else as the files look
// (https://huggingface.co/docs/hub/model-cards#specifying-a-base-model).
func relation(card map[string]any, files []string) string {
	if said, ok := card["base_model_relation"].(string); ok && said != "" {
		return said
	}
	for _, file := range files {
		switch {
		case path.Base(file) == "adapter_config.json":
			return "adapter"
		case path.Ext(file) == ".gguf":
			return "quantized"
		}
	}
	if len(texts(card["base_model"])) > 1 {
		return "merge"
	}
	return "finetune"
}

func prefixed(prefix string, value any) []string {
	var tags []string
	for _, text := range texts(value) {
		tags = append(tags, prefix+text)
	}
	return tags
}

// unique drops repeated tags and keeps the order.
func unique(tags []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(tags, func(tag string) bool {
		again := seen[tag]
		seen[tag] = true
		return again
	})
}
