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
		spaces transformersInfo widgetData`), expandableAnywhere...),
	hub.Dataset: append(strings.Fields(`citation description downloads downloadsAllTime gated mainSize
		paperswithcode_id`), expandableAnywhere...),
	hub.Space: append(strings.Fields(`datasets models region runtime sdk subdomain`),
		expandableAnywhere...),
}

var expandableAnywhere = strings.Fields(`author cardData createdAt disabled gitalyUid lastModified
	likes private resourceGroup sha siblings tags trendingScore usedStorage xetEnabled`)

// alsoExpandable are taken, but are not among those that a refusal lists.
var alsoExpandable = strings.Fields("arxivIds discussionsDisabled doi host key lastAuthor securityStatus shortDescription title")

// checkExpand refuses fields that the Hub does not know.
func checkExpand(c echo.Context, typ hub.RepoType, fields []string) error {
	for _, field := range fields {
		if !slices.Contains(expandable[typ], field) && !slices.Contains(alsoExpandable, field) {
			return fail(c, http.StatusBadRequest, "", fmt.Sprintf(`"expand" must be one of [%s]`, strings.Join(expandable[typ], ", ")))
		}
	}
	return nil
}
