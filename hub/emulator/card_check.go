package emulator

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hfbot/hfbot/hub"
)

// licenses can stand in a card (https://huggingface.co/docs/hub/repositories-licenses, of 2026-08-22).
var licenses = strings.Fields(`
	apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
	afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
	cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
	cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
	cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
	lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0
	openmdw-1.1 openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license
	fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma unknown
	other
`)

// cardColors are those of a Space (https://huggingface.co/docs/hub/spaces-config-reference).
var cardColors = strings.Fields("red yellow green blue indigo purple pink gray")

const maxShortDescription = 60

// checkCard reads a card that is to be stored and tells in the Hub's words what the Hub would not take.
func checkCard(readme []byte, typ hub.RepoType) (map[string]any, error) {
	card, err := parseCard(readme)
	if err != nil {
		return nil, err
	}
	for _, license := range texts(card["license"]) {
		if err := oneOf("license", license, licenses); err != nil {
			return nil, err
		}
	}
	if typ != hub.Space {
		return card, nil
	}
	for key, known := range map[string][]string{"colorFrom": cardColors, "colorTo": cardColors, "sdk": spaceSDKs} {
		if text, ok := card[key].(string); ok {
			if err := oneOf(key, text, known); err != nil {
				return nil, err
			}
		}
	}
	if text, ok := card["short_description"].(string); ok && utf8.RuneCountInString(text) > maxShortDescription {
		return nil, fmt.Errorf(`"short_description" length must be less than or equal to %d characters long`, maxShortDescription)
	}
	return card, nil
}

func oneOf(key, value string, known []string) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("%q must be one of [%s]", key, strings.Join(known, ", "))
}
