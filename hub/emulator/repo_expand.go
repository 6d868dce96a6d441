package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/hfbot/hfbot/hub"
)

// expandable are the fields that can be asked for, by type (huggingface_hub, src/huggingface_hub/hf_api.py,
// ExpandModelProperty_T and its like; huggingface.js, packages/hub/src/lib/list-models.ts).
var expandable = map[hub.RepoType][]string{
	hub.Model: append(strings.Fields(`baseModels childrenModelCount config downloads downloadsAllTime evalResults gated
		gguf inference inferenceProviderMapping library_name mask_token model-index pipeline_tag safetensors
		security securityStatus spaces transformersInfo widgetData`), expandableAnywhere...),
	hub.Dataset: append(strings.Fields(`citation description downloads downloadsAllTime gated mainSize
		paperswithcode_id`), expandableAnywhere...),
	hub.Space: append(strings.Fields(`datasets models region runtime sdk subdomain host shortDescription title`),
		expandableAnywhere...),
}

var expandableAnywhere = strings.Fields(`author cardData createdAt disabled discussionsDisabled gitalyUid lastModified
	likes private resourceGroup sha siblings tags trendingScore usedStorage xetEnabled doi arxivIds lastAuthor key`)

// checkExpand refuses fields that the Hub does not know.
func checkExpand(c echo.Context, typ hub.RepoType, fields []string) error {
	for _, field := range fields {
		if !slices.Contains(expandable[typ], field) {
			return fail(c, http.StatusBadRequest, "", fmt.Sprintf("\"expand\" must be one of %s, not %.50q",
				strings.Join(expandable[typ], ", "), field))
		}
	}
	return nil
}
