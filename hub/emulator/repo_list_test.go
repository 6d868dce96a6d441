package emulator

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// weights is a safetensors file of two numbers.
func weights() string {
	header := `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	raw := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return base64.StdEncoding.EncodeToString(append(append(raw, header...), make([]byte, 8)...))
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	write := func(api, path, content, encoding string) {
		l.call("ann", "POST", api+"/commit/main", fmt.Sprintf(`{"key":"header","value":{"summary":"x"}}
{"key":"file","value":{"path":%q,"content":%q,"encoding":%q}}`, path, content, encoding), 200)
	}
	write(l.makeRepo("model", "gguf", ""), "m.gguf", "GGUF", "utf-8")
	write(l.makeRepo("model", "safe", ""), "model.safetensors", weights(), "base64")
	write(l.makeRepo("model", "card", ""), "README.md", "---\nlicense: mit\nwidget:\n- text: hi\n---\n", "utf-8")
	write(l.makeRepo("dataset", "rows", ""), "README.md", "---\nlicense: mit\n---\n", "utf-8")
	write(l.makeRepo("space", "app", `,"sdk":"gradio"`), "README.md",
		"---\nsdk: gradio\nmodels: [ann/safe]\ndatasets: [ann/rows]\n---\n", "utf-8")
	l.makeRepo("space", "other", `,"sdk":"static"`)
	for query, want := range map[string]string{
		"models?apps=ollama":                                     "ann/gguf",
		"models?apps=vllm&apps=ollama":                           "ann/gguf",
		"models?apps=vllm":                                       "",
		"models?num_parameters=min:2":                            "ann/safe",
		"models?num_parameters=min:1,max:0.002K":                 "ann/safe",
		"models?num_parameters=min:6B,max:128B":                  "",
		"models?inference=warm":                                  "",
		"models?inference_provider=all":                          "",
		"models?filter=gguf":                                     "ann/gguf",
		"models?search=SAF":                                      "ann/safe",
		"spaces?models=ann/safe":                                 "ann/app",
		"spaces?models=ann/safe&datasets=ann/none":               "",
		"spaces?datasets=ann/none&datasets=ann/rows":             "ann/app",
		"models?filter=license:mit&sort=lastModified&expand=sha": "ann/card",
	} {
		var names []string
		for _, each := range l.call("", "GET", "/api/"+query, "", 200).body.([]any) {
			names = append(names, each.(map[string]any)["id"].(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"models?num_parameters=6B", "models?num_parameters=min:", "models?expand=color"} {
		l.call("", "GET", "/api/"+query, "", 400)
	}
}

// TestListFields looks at what a list tells without being asked, and what more when it is.
func TestListFields(t *testing.T) {
	t.Parallel()
	l := startLocal(t, Options{})
	for _, kind := range []string{"model", "dataset", "space"} {
		l.commit("ann", l.makeRepo(kind, "r", `,"sdk":"static"`), "main", "", "README.md",
			"---\nsdk: static\nmodels: [ann/r]\nwidget: [1]\n---\n")
	}
	for query, want := range map[string]string{
		"models":               "",
		"models?full=true":     "siblings",
		"models?cardData=true": "cardData",
		"datasets":             "",
		"datasets?full=true":   "cardData siblings",
		"spaces?linked=true":   "models",
		"spaces?full=1":        "cardData siblings",
		"models?expand=sha":    "",
		"models?expand=config": "",
		"models/ann/r":         "cardData siblings widgetData",
		"spaces/ann/r":         "cardData models siblings",
		"models?expand[]=doi":  "",
		"models?expand=siblings&expand=inferenceProviderMapping": "inferenceProviderMapping siblings",
		"models/ann/r?securityStatus=true":                       "cardData securityRepoStatus siblings widgetData",
	} {
		body := l.call("", "GET", "/api/"+query, "", 200).body
		if list, ok := body.([]any); ok {
			body = list[0]
		}
		var found []string
		for _, field := range strings.Fields("cardData inferenceProviderMapping models securityRepoStatus siblings widgetData") {
			if _, ok := body.(map[string]any)[field]; ok {
				found = append(found, field)
			}
		}
		if got := strings.Join(found, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	refused := l.call("", "GET", "/api/datasets?expand=color", "", 400).field("error").(string)
	list, ok := strings.CutPrefix(refused, `"expand" must be one of [`)
	if names := strings.Split(strings.TrimSuffix(list, "]"), ", "); !ok || !slices.Contains(names, "citation") || slices.Contains(names, "doi") {
		t.Errorf("the refusal does not list what is allowed: %s", refused)
	}
}
