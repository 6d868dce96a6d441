package emulator

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// repoFilter is what the caller of a list wants (https://huggingface.co/docs/hub/api).
type repoFilter struct {
	author, search string
	tags           []string // all of them
	gated          string
	apps           []string // one of them runs the model
	served         bool     // by an inference provider
	parameters     []float64
	linked         map[string][]string // what a Space names, by the field of its card; one of each
}

func readRepoFilter(c echo.Context, typ hub.RepoType) (f repoFilter, err error) {
	f.author, f.search, f.gated = c.QueryParam("author"), strings.ToLower(c.QueryParam("search")), c.QueryParam("gated")
	for _, each := range append(asked(c, "filter"), asked(c, "pipeline_tag")...) {
		f.tags = append(f.tags, strings.Split(each, ",")...)
	}
	switch typ {
	case hub.Model:
		f.apps = asked(c, "apps")
		f.served = c.QueryParam("inference") != "" || len(asked(c, "inference_provider")) > 0
		f.parameters, err = readRange(c.QueryParam("num_parameters"))
	case hub.Space:
		f.linked = map[string][]string{"models": asked(c, "models"), "datasets": asked(c, "datasets")}
	}
	return f, err
}

// readRange reads bounds such as min:6B,max:128B; nothing for no text.
func readRange(text string) ([]float64, error) {
	if text == "" {
		return nil, nil
	}
	bounds := []float64{0, math.Inf(1)}
	for _, part := range strings.Split(text, ",") {
		name, amount, _ := strings.Cut(part, ":")
		n, err := readAmount(amount)
		at := slices.Index([]string{"min", "max"}, name)
		if at < 0 || err != nil {
			return nil, fmt.Errorf(`"num_parameters" must be like min:6B,max:128B, not %.50q`, text)
		}
		bounds[at] = n
	}
	return bounds, nil
}

// readAmount reads a number that may end in K, M, B or T.
func readAmount(text string) (float64, error) {
	unit := 1.0
	if at := strings.IndexByte("KMBT", (text + " ")[max(0, len(text)-1)]); at >= 0 {
		unit, text = math.Pow(1000, float64(at+1)), text[:len(text)-1]
	}
	n, err := strconv.ParseFloat(text, 64)
	return n * unit, err
}

func (f repoFilter) acceptsState(state repoState) bool {
	return (f.author == "" || strings.EqualFold(state.owner.name, f.author)) &&
		strings.Contains(strings.ToLower(state.name), f.search) &&
		(f.gated == "" || strings.EqualFold(f.gated, "true") == (state.gated != ""))
}

// ggufApps are the programs that run a model of this format (huggingface.js, packages/tasks/src/local-apps.ts).
var ggufApps = strings.Fields(`llama.cpp llama-cpp node-llama-cpp ollama lmstudio jan backyard-ai jellybox msty koboldcpp
	sanctum recursechat docker-model-runner lemonade unsloth pi hermes-agent`)

// acceptsContent looks at what the head of main has. No provider serves what is here, and which models other apps run
// is not known here: both find nothing.
func (f repoFilter) acceptsContent(r *repo) bool {
	if f.served {
		return false
	}
	files, card, tags := r.now()
	if slices.ContainsFunc(f.tags, func(tag string) bool { return !slices.Contains(tags, tag) }) {
		return false
	}
	for field, wanted := range f.linked {
		if len(wanted) > 0 && !haveCommon(wanted, texts(card[field])) {
			return false
		}
	}
	if len(f.apps) > 0 && (!haveCommon(f.apps, ggufApps) || !slices.Contains(tags, "gguf")) {
		return false
	}
	if f.parameters == nil {
		return true
	}
	total := 0.0
	for _, n := range r.parameters(files) {
		total += float64(n)
	}
	return total > 0 && cmp.Compare(total, f.parameters[0]) >= 0 && cmp.Compare(total, f.parameters[1]) <= 0
}

func haveCommon(a, b []string) bool {
	return slices.ContainsFunc(a, func(each string) bool { return slices.Contains(b, each) })
}

// now gives the files, the card and the tags at the head of main; none that cannot be read.
func (r *repo) now() (files map[string]treeFile, card map[string]any, tags []string) {
	head, _ := r.head(mainBranch)
	files, err := r.files(head)
	if err != nil {
		return nil, nil, nil
	}
	readme, _ := r.blob(files[cardFile].hash)
	card, _ = parseCard(readme)
	return files, card, r.tags(files, card, readme)
}
