package rule

import "encoding/json"

// SARIF renders the problems in the Static Analysis Results Interchange Format, version 2.1.0
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), which code hosts show beside the lines.
func (ps Problems) SARIF() ([]byte, error) {
	type object = map[string]any
	results := []object{}
	for _, p := range ps {
		results = append(results, object{
			"ruleId":  "hfbot/rules",
			"level":   string(p.Severity),
			"message": object{"text": p.Message},
			"locations": []object{{
				"physicalLocation": object{
					"artifactLocation": object{"uri": p.File},
					"region":           object{"startLine": max(p.Line, 1), "startColumn": max(p.Column, 1)},
				},
			}},
		})
	}
	return json.MarshalIndent(object{
		"version": "2.1.0",
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json",
		"runs": []object{{
			"tool": object{"driver": object{
				"name":  "hfbot",
				"rules": []object{{"id": "hfbot/rules", "shortDescription": object{"text": "The rule file is wrong."}}},
			}},
			"columnKind": "unicodeCodePoints",
			"results":    results,
		}},
	}, "", "  ")
}
